using System.Net;
using System.Net.Sockets;
using TlsGateway.Interop.Tests.Support;
using TlsGateway.Tls;

namespace TlsGateway.Interop.Tests.Engines;

/// <summary>Keying material for other protocols, compared with what openssl exports at the other end.</summary>
public sealed class ExporterTests : IDisposable
{
    private readonly string _openssl = Programs.Require("openssl");
    private readonly TestCertificates _certificates = new();

    public void Dispose() => _certificates.Dispose();

    [Theory]
    [InlineData(TlsEngine.OpenSsl, "-tls1_2")]
    [InlineData(TlsEngine.OpenSsl, "-tls1_3")]
    [InlineData(TlsEngine.BouncyCastle, "-tls1_2")]
    [InlineData(TlsEngine.BouncyCastle, "-tls1_3")]
    public async Task A_server_exports_what_s_client_does(TlsEngine engine, string version)
    {
        const string Label = "EXPORTER-interop";
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        await using var client = RunningProgram.Start(
            _openssl,
            "s_client",
            "-connect",
            listener.LocalEndpoint.ToString()!,
            version,
            "-keymatexport",
            Label,
            "-keymatexportlen",
            "48"
        );
        using var pool = new NativePool();
        using var context = TlsEngines.CreateServer(engine, new TlsServerSettings { Certificates = [_certificates.Localhost] });
        using var socket = await listener.AcceptTcpClientAsync().WaitAsync(RunningGateway.Patience);
        socket.ReceiveTimeout = (int)RunningGateway.Patience.TotalMilliseconds;
        using var session = context.CreateSession(pool);
        await using var stream = new BlockingTlsStream(session, socket.GetStream());
        stream.Write("hello"u8);
        stream.Flush();
        var exported = new byte[48];
        Assert.True(session.TryExport(Label, [], exported));

        await client.ExpectAsync("Keying material: " + Convert.ToHexString(exported));
        await client.SayAsync("Q");
        Assert.Equal(0, await client.ExitAsync());
    }
}
