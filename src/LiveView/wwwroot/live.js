// The one thing that a page has to do in the browser: to remember the theme that was chosen there.
export function rememberTheme(theme) {
  document.documentElement.dataset.theme = theme;
  document.cookie = `gateway-theme=${theme}; path=/ui; max-age=31536000; samesite=strict`;
}
