using System.Globalization;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using TlsGateway.Actors;
using TlsGateway.Interop.Tests.Support;
using TlsGateway.Tls;

namespace TlsGateway.Interop.Tests.Engines;

/// <summary>A listener of the bouncycastle engine, and real clients.</summary>
public sealed class BouncyCastleTests : IDisposable
{
    private readonly TestCertificates _certificates = new();

    public void Dispose() => _certificates.Dispose();

    [Theory]
    [InlineData("-tls1_2", "TLSv1.2")]
    [InlineData("-tls1_3", "TLSv1.3")]
    public async Task Openssl_verifies_and_data_echoes(string option, string version)
    {
        var openssl = Programs.Require("openssl");
        await using var upstream = TestUpstream.Echo();
        await using var gateway = await StartAsync(upstream.EndPoint);
        await using (
            var client = RunningProgram.Start(
                openssl,
                "s_client",
                "-connect",
                gateway.EndPoint.ToString(),
                "-servername",
                "localhost",
                "-verify_return_error",
                "-CAfile",
                _certificates.AuthorityFile,
                option
            )
        )
        {
            await client.ExpectAsync("New, " + version);
            await client.EchoAsync("first line");
            await client.EchoAsync("second line");
            await client.SayAsync("Q");
            await client.ExitAsync();
        }

        await gateway.UntilClosedAsync(CloseReason.Completed);
    }

    [Fact]
    public async Task Gnutls_verifies_and_data_echoes()
    {
        var gnutls = Programs.Require("gnutls-cli");
        await using var upstream = TestUpstream.Echo();
        await using var gateway = await StartAsync(upstream.EndPoint);
        await using (
            var client = RunningProgram.Start(
                gnutls,
                "--port",
                gateway.Port.ToString(CultureInfo.InvariantCulture),
                "--x509cafile",
                _certificates.AuthorityFile,
                "localhost"
            )
        )
        {
            await client.ExpectAsync("Handshake was completed");
            await client.EchoAsync("a line");
            client.EndInput();
            await client.ExitAsync();
        }

        await RunningGateway.UntilAsync(() => gateway.Host.OpenConnections == 0, gateway.Describe);
    }

    [Theory]
    [InlineData("--tlsv1.2", "1.2")]
    [InlineData("--tlsv1.3", "1.3")]
    public async Task Curl_moves_ten_megabytes_both_ways(string option, string maximum)
    {
        var curl = Programs.Require("curl");
        await using var upstream = await HttpUpstream.StartAsync(HttpProtocols.Http1);
        await using var gateway = await StartAsync(upstream.EndPoint);
        var body = SeededBytes.Make(seed: 4, 10 * 1024 * 1024);
        var file = Path.Combine(_certificates.Folder, "upload");
        await File.WriteAllBytesAsync(file, body);
        string[] common =
        [
            "--silent",
            "--show-error",
            "--noproxy",
            "*",
            "--max-time",
            "60",
            "--cacert",
            _certificates.AuthorityFile,
            option,
            "--tls-max",
            maximum,
        ];
        var address = $"https://localhost:{gateway.Port}";
        var hash = await RunningProgram.RunAsync(curl, [.. common, "--data-binary", "@" + file, address + "/hash"]);
        Assert.Equal(Convert.ToHexString(SHA256.HashData(body)), hash);
        var download = Path.Combine(_certificates.Folder, "download");
        await RunningProgram.RunAsync(curl, [.. common, "-o", download, address + "/download"]);
        Assert.Equal(SHA256.HashData(HttpUpstream.Download), SHA256.HashData(await File.ReadAllBytesAsync(download)));
        await RunningGateway.UntilAsync(() => gateway.Host.OpenConnections == 0, gateway.Describe);
    }

    private Task<RunningGateway> StartAsync(System.Net.IPEndPoint upstream) =>
        RunningGateway.StartAsync(ProgramClients.Listener(_certificates.Localhost, upstream, TlsEngine.BouncyCastle));
}
