using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Akka.Actor;
using TlsGateway.Actors;
using TlsGateway.Actors.Settings;
using TlsGateway.Interop.Tests.Support;
using TlsGateway.Tls;
using TlsGateway.Tls.ClientCertificates;

namespace TlsGateway.Interop.Tests;

/// <summary>openssl s_client asked for its certificate while it is connected, and keys renewed by policy.</summary>
public sealed class StepUpTests : IDisposable
{
    private readonly string _openssl = Programs.Require("openssl");
    private readonly TestCertificates _certificates = new();

    public void Dispose() => _certificates.Dispose();

    [Theory]
    [InlineData("-tls1_2")]
    [InlineData("-tls1_3")]
    public async Task A_client_shows_its_certificate_when_it_is_asked(string version)
    {
        await using var upstream = TestUpstream.Echo();
        await using var gateway = await RunningGateway.StartAsync(Listener(upstream.EndPoint, authorize: null));
        await using (var client = Start(gateway, version))
        {
            await client.EchoAsync("before");
            gateway.Connections.Tell(RequestClientCertificate.Instance);
            await RunningGateway.UntilAsync(() => gateway.Count(static c => c.Rehandshakes) == 1, gateway.Describe);
            await client.EchoAsync("after");
            await client.SayAsync("Q");
            await client.ExitAsync();
        }

        await gateway.UntilClosedAsync(CloseReason.Completed);
    }

    [Fact]
    public async Task A_client_that_is_not_allowed_is_refused_with_access_denied()
    {
        await using var upstream = TestUpstream.Echo();
        await using var gateway = await RunningGateway.StartAsync(Listener(upstream.EndPoint, static _ => "not on the list"));
        await using (var client = Start(gateway, "-tls1_3"))
        {
            await client.EchoAsync("before");
            gateway.Connections.Tell(RequestClientCertificate.Instance);
            await client.ExitAsync();
        }

        await gateway.UntilClosedAsync(CloseReason.AccessDenied);
    }

    [Fact]
    public async Task A_client_that_does_not_offer_it_goes_on_unasked()
    {
        await using var upstream = TestUpstream.Echo();
        await using var gateway = await RunningGateway.StartAsync(Listener(upstream.EndPoint, authorize: null));
        await using (var client = Start(gateway, "-tls1_3", offers: false))
        {
            await client.EchoAsync("before");
            gateway.Connections.Tell(RequestClientCertificate.Instance);
            await client.EchoAsync("after");
            await client.SayAsync("Q");
            await client.ExitAsync();
        }

        await gateway.UntilClosedAsync(CloseReason.Completed);
        Assert.Equal(0, gateway.Count(static c => c.Rehandshakes));
    }

    [Theory]
    [InlineData(TlsVersion.Tls12)]
    [InlineData(TlsVersion.Tls13)]
    public async Task Keys_are_renewed_after_so_many_bytes(TlsVersion version)
    {
        const int Each = 1024 * 1024;
        await using var upstream = TestUpstream.Echo();
        var listener = RunningGateway.Listener(_certificates.Localhost, upstream.EndPoint) with { RehandshakeAfterBytes = Each };
        await using var gateway = await RunningGateway.StartAsync(listener);
        using var client = EngineClient.Open(gateway.EndPoint, version);
        var data = SeededBytes.Make(seed: 3, 4 * Each);
        var back = new byte[data.Length];
        client.Exchange(data, back);
        Assert.True(data.AsSpan().SequenceEqual(back));
        var renewed = version == TlsVersion.Tls12 ? client.Session.Counters.Rehandshakes : client.Session.Counters.RxKeyUpdates;
        // Eight times that much has passed, both directions counted; a renegotiation that the client has not answered is not begun again.
        Assert.InRange(renewed, version == TlsVersion.Tls12 ? 1 : 2, 8);
        client.CloseCleanly();
        await gateway.UntilClosedAsync(CloseReason.Completed);
    }

    [Theory]
    [InlineData(TlsVersion.Tls12)]
    [InlineData(TlsVersion.Tls13)]
    public async Task Keys_are_renewed_at_the_first_activity_after_so_long(TlsVersion version)
    {
        await using var upstream = TestUpstream.Echo();
        var listener = RunningGateway.Listener(_certificates.Localhost, upstream.EndPoint) with
        {
            RehandshakeAfter = TimeSpan.FromMilliseconds(20),
        };
        await using var gateway = await RunningGateway.StartAsync(listener);
        using var client = EngineClient.Open(gateway.EndPoint, version);
        await RunningGateway.UntilAsync(
            () =>
            {
                var back = new byte[16];
                client.Exchange("as time goes by."u8, back);
                Assert.Equal("as time goes by."u8, back);
                return (version == TlsVersion.Tls12 ? client.Session.Counters.Rehandshakes : client.Session.Counters.RxKeyUpdates) >= 2;
            },
            "keys renewed twice"
        );
        client.CloseCleanly();
        await gateway.UntilClosedAsync(CloseReason.Completed);
    }

    private ListenerSettings Listener(System.Net.IPEndPoint upstream, Func<TlsPeerCertificate, string?>? authorize)
    {
        var listener = RunningGateway.Listener(_certificates.Localhost, upstream);
        return listener with
        {
            Tls = listener.Tls with
            {
                ClientAuthentication = new TlsClientAuthentication
                {
                    TrustedAuthoritiesPem = _certificates.Authority.ExportCertificatePem(),
                    AllowStepUp = true,
                    Authorize = authorize,
                },
            },
        };
    }

    private RunningProgram Start(RunningGateway gateway, string version, bool offers = true)
    {
        var file = Path.Combine(_certificates.Folder, "client.pem");
        File.WriteAllText(file, ClientCertificate());
        return RunningProgram.Start(
            _openssl,
            [
                "s_client",
                "-connect",
                gateway.EndPoint.ToString(),
                "-servername",
                "localhost",
                "-CAfile",
                _certificates.AuthorityFile,
                "-cert",
                file,
                "-key",
                file,
                version,
                .. offers && version == "-tls1_3" ? (string[])["-enable_pha"] : [],
            ]
        );
    }

    private string ClientCertificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=alice", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.2")], false));
        var now = TimeProvider.System.GetUtcNow();
        using var certificate = request.Create(_certificates.Authority, now.AddHours(-1), now.AddDays(20), [1, 2, 3]);
        return certificate.ExportCertificatePem() + "\n" + key.ExportPkcs8PrivateKeyPem();
    }
}
