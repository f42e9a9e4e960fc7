namespace TlsGateway.LiveView;

/// <summary>Where the browser keeps which theme was chosen; live.js writes it.</summary>
internal static class ThemeCookie
{
    public const string Name = "gateway-theme";
}
