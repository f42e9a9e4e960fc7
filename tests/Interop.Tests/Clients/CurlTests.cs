using System.Net;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using TlsGateway.Actors.Settings;
using TlsGateway.Interop.Tests.Support;

namespace TlsGateway.Interop.Tests.Clients;

/// <summary>curl speaks HTTP through the gateway to a Kestrel backend: the gateway picks the protocol by ALPN, the backend speaks it in plain text.</summary>
public sealed class CurlTests : IDisposable
{
    private const int UploadBytes = 10 * 1024 * 1024;

    private readonly string _curl = Programs.Require("curl");
    private readonly TestCertificates _certificates = new();

    public void Dispose() => _certificates.Dispose();

    [Theory]
    [InlineData("--http1.1", HttpProtocols.Http1, "1.1")]
    [InlineData("--http2", HttpProtocols.Http2, "2")]
    public async Task A_request_is_answered_in_the_negotiated_protocol(string option, HttpProtocols protocol, string version)
    {
        await using var upstream = await HttpUpstream.StartAsync(protocol);
        await using var gateway = await RunningGateway.StartAsync(Listener(upstream.EndPoint, protocol));
        var output = await RunAsync(gateway, "/hello", option, "-w", " %{http_code} %{http_version} %{ssl_verify_result}");
        Assert.Equal($"hello 200 {version} 0", output);
    }

    [Theory]
    [InlineData("--http1.1", HttpProtocols.Http1)]
    [InlineData("--http2", HttpProtocols.Http2)]
    public async Task Ten_megabytes_go_up_whole(string option, HttpProtocols protocol)
    {
        var body = SeededBytes.Make(seed: 1, UploadBytes);
        var file = Path.Combine(_certificates.Folder, "upload");
        await File.WriteAllBytesAsync(file, body);
        await using var upstream = await HttpUpstream.StartAsync(protocol);
        await using var gateway = await RunningGateway.StartAsync(Listener(upstream.EndPoint, protocol));
        var output = await RunAsync(gateway, "/hash", option, "--data-binary", "@" + file);
        Assert.Equal(Convert.ToHexString(SHA256.HashData(body)), output);
    }

    [Theory]
    [InlineData("--http1.1", HttpProtocols.Http1)]
    [InlineData("--http2", HttpProtocols.Http2)]
    public async Task Ten_megabytes_come_down_whole(string option, HttpProtocols protocol)
    {
        var file = Path.Combine(_certificates.Folder, "download");
        await using var upstream = await HttpUpstream.StartAsync(protocol);
        await using var gateway = await RunningGateway.StartAsync(Listener(upstream.EndPoint, protocol));
        await RunAsync(gateway, "/download", option, "-o", file);
        Assert.Equal(SHA256.HashData(HttpUpstream.Download), SHA256.HashData(await File.ReadAllBytesAsync(file)));
    }

    private static string[] Alpn(HttpProtocols protocol) => protocol == HttpProtocols.Http2 ? ["h2", "http/1.1"] : ["http/1.1"];

    private ListenerSettings Listener(IPEndPoint upstream, HttpProtocols protocol)
    {
        var listener = RunningGateway.Listener(_certificates.Localhost, upstream);
        return listener with { Tls = listener.Tls with { ApplicationProtocols = Alpn(protocol) } };
    }

    private Task<string> RunAsync(RunningGateway gateway, string path, params string[] options) =>
        RunningProgram.RunAsync(
            _curl,
            [
                "--silent",
                "--show-error",
                "--noproxy",
                "*",
                "--max-time",
                $"{RunningGateway.Patience.TotalSeconds}",
                "--cacert",
                _certificates.AuthorityFile,
                "--resolve",
                $"localhost:{gateway.Port}:{gateway.EndPoint.Address}",
                .. options,
                $"https://localhost:{gateway.Port}{path}",
            ]
        );
}
