using TlsGateway.Actors;
using TlsGateway.Interop.Tests.Support;
using TlsGateway.Tls;

namespace TlsGateway.Interop.Tests.Clients;

/// <summary>Java's SSLSocket with host name verification, half-close and session reuse.</summary>
public sealed class JavaTests : IDisposable
{
    private readonly string _java = Programs.Require("java");
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
            var java = RunningProgram.Start(
                _java,
                "-XX:TieredStopAtLevel=1",
                ProgramClients.Source("Client.java"),
                $"{gateway.Port}",
                _certificates.AuthorityFile,
                version
            )
        )
        {
            await java.ExpectAsync($"new {version} TLS_");
            await java.ExpectAsync("alpn=http/1.1");
            await java.ExpectAsync("ping");
            await java.ExpectAsync("end -1");
            await java.ExpectAsync($"reused {version} TLS_");
            await java.ExpectAsync("ping");
            await java.ExpectAsync("end -1");
            Assert.True(await java.ExitAsync() == 0, java.Describe());
        }

        await gateway.UntilClosedAsync(CloseReason.Completed, 2);
    }
}
