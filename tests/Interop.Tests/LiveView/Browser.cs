using Microsoft.Playwright;
using TlsGateway.Interop.Tests.Support;

namespace TlsGateway.Interop.Tests.LiveView;

/// <summary>Debian's Chromium without a screen.</summary>
internal sealed class Browser : IAsyncDisposable
{
    private readonly IPlaywright _playwright;
    private readonly IBrowser _chromium;

    private Browser(IPlaywright playwright, IBrowser chromium)
    {
        (_playwright, _chromium) = (playwright, chromium);
    }

    /// <summary>Where pictures go, for people to look at.</summary>
    public static string Pictures { get; } =
        Directory
            .CreateDirectory(Environment.GetEnvironmentVariable("GATEWAY_PICTURES") ?? Path.Combine(AppContext.BaseDirectory, "pictures"))
            .FullName;

    /// <summary>Skips the test where there is none.</summary>
    public static async Task<Browser> StartAsync()
    {
        var program = Programs.Require("chromium");
        Assertions.SetDefaultExpectTimeout((float)RunningGateway.Patience.TotalMilliseconds);
        var playwright = await Playwright.CreateAsync();
        var chromium = await playwright.Chromium.LaunchAsync(
            new BrowserTypeLaunchOptions
            {
                ExecutablePath = program,
                // Containers have no user namespaces and a small /dev/shm.
                Args = ["--no-sandbox", "--disable-dev-shm-usage", "--no-proxy-server", "--disable-background-networking"],
            }
        );
        return new Browser(playwright, chromium);
    }

    /// <summary>A page in a profile of its own. What it writes to its console as an error comes to <paramref name="errors"/>.</summary>
    public async Task<IPage> OpenAsync(List<string> errors, ColorScheme scheme = ColorScheme.Light, int width = 1400, int height = 900)
    {
        var context = await _chromium.NewContextAsync(
            new BrowserNewContextOptions
            {
                ColorScheme = scheme,
                ReducedMotion = ReducedMotion.Reduce,
                ViewportSize = new ViewportSize { Width = width, Height = height },
            }
        );
        var page = await context.NewPageAsync();
        page.SetDefaultTimeout((float)RunningGateway.Patience.TotalMilliseconds);
        page.Console += (_, message) =>
        {
            if (message.Type == "error")
                errors.Add(message.Text);
        };
        page.PageError += (_, error) => errors.Add(error);
        return page;
    }

    public static Task PictureAsync(IPage page, string name) =>
        page.ScreenshotAsync(new PageScreenshotOptions { Path = Path.Combine(Pictures, name + ".png"), FullPage = true });

    public async ValueTask DisposeAsync()
    {
        await _chromium.DisposeAsync();
        _playwright.Dispose();
    }
}
