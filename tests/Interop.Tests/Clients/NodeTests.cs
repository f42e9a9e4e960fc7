using TlsGateway.Actors;
using TlsGateway.Interop.Tests.Support;
using TlsGateway.Tls;

namespace TlsGateway.Interop.Tests.Clients;

/// <summary>Node's tls module, which verifies, negotiates ALPN and resumes as any service written for it does.</summary>
public sealed class NodeTests : IDisposable
{
    private readonly string _node = Programs.Require("node");
    private readonly TestCertificates _certificates = new();

    public void Dispose() => _certificates.Dispose();

    [Theory]
    [InlineData(TlsEngine.OpenSsl, "TLSv1.2")]
    [InlineData(TlsEngine.OpenSsl, "TLSv1.3")]
    [InlineData(TlsEngine.BouncyCastle, "TLSv1.2")]
    [InlineData(TlsEngine.BouncyCastle, "TLSv1.3")]
    public async Task It_verifies_echoes_and_resumes(TlsEngine engine, string version)
    {
        await using var upstream = TestUpstream.Echo();
        await using var gateway = await RunningGateway.StartAsync(
            ProgramClients.Listener(_certificates.Localhost, upstream.EndPoint, engine)
        );
        await using (
            var node = RunningProgram.Start(
                _node,
                ProgramClients.Source("client.js"),
                $"{gateway.Port}",
                _certificates.AuthorityFile,
                version
            )
        )
        {
            await node.ExpectAsync($"new {version} TLS_");
            await node.ExpectAsync("alpn=http/1.1 authorized=true");
            await node.ExpectAsync("end ping");
            await node.ExpectAsync($"reused {version} TLS_");
            await node.ExpectAsync("end ping");
            await node.ExpectAsync("done");
            Assert.Equal(0, await node.ExitAsync());
        }

        await gateway.UntilClosedAsync(CloseReason.Completed, 2);
    }

    [Fact]
    public async Task Node_refuses_a_certificate_of_another_authority()
    {
        using var others = new TestCertificates();
        await using var upstream = TestUpstream.Echo();
        await using var gateway = await RunningGateway.StartAsync(
            ProgramClients.Listener(_certificates.Localhost, upstream.EndPoint, TlsEngine.OpenSsl)
        );
        await using (
            var node = RunningProgram.Start(_node, ProgramClients.Source("client.js"), $"{gateway.Port}", others.AuthorityFile, "TLSv1.3")
        )
        {
            await node.ExpectAsync("error CERT_SIGNATURE_FAILURE");
            Assert.Equal(1, await node.ExitAsync());
        }

        await RunningGateway.UntilAsync(() => gateway.Host.OpenConnections == 0, "the connection ended");
    }
}
