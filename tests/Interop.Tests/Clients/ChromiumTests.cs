using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using TlsGateway.Actors.Settings;
using TlsGateway.Interop.Tests.Support;
using TlsGateway.Tls;

namespace TlsGateway.Interop.Tests.Clients;

/// <summary>A browser: BoringSSL, GREASE, shuffled extensions, X25519MLKEM768 first, HTTP/2 by ALPN.</summary>
public sealed class ChromiumTests : IDisposable
{
    private readonly string _chromium = Programs.Require("chromium");
    private readonly TestCertificates _certificates = new();

    public void Dispose() => _certificates.Dispose();

    [Theory]
    [InlineData(TlsEngine.OpenSsl)]
    [InlineData(TlsEngine.BouncyCastle)]
    public async Task A_page_is_loaded(TlsEngine engine)
    {
        await using var upstream = await HttpUpstream.StartAsync(HttpProtocols.Http2);
        var listener = ProgramClients.Listener(_certificates.Localhost, upstream.EndPoint, engine);
        listener = listener with { Tls = listener.Tls with { ApplicationProtocols = ["h2"] } };
        await using var gateway = await RunningGateway.StartAsync(listener);
        await using (var chromium = RunningProgram.Start(_chromium, Arguments($"https://localhost:{gateway.Port}/hello")))
        {
            chromium.EndInput();
            await chromium.ExpectAsync("hello");
            await chromium.ExitAsync();
        }

        await RunningGateway.UntilAsync(() => gateway.Host.OpenConnections == 0, "all connections ended");
        Assert.True(gateway.Count(static c => c.FullTls13) >= 1, gateway.Describe());
    }

    /// <summary>The browser has no flag for an authority, only one that accepts a chain by the hash of a key in it.</summary>
    private string[] Arguments(string address) =>
        [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--no-proxy-server",
            $"--user-data-dir={Path.Combine(_certificates.Folder, "chromium")}",
            $"--ignore-certificate-errors-spki-list={KeyHash()}",
            "--dump-dom",
            address,
        ];

    private string KeyHash()
    {
        using var leaf = X509Certificate2.CreateFromPem(_certificates.Localhost.ChainPem);
        return Convert.ToBase64String(SHA256.HashData(leaf.PublicKey.ExportSubjectPublicKeyInfo()));
    }
}
