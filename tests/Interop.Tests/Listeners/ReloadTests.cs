using System.Net;
using System.Security.Authentication;
using TlsGateway.Actors;
using TlsGateway.Actors.Settings;
using TlsGateway.Interop.Tests.Support;
using TlsGateway.Tls;

namespace TlsGateway.Interop.Tests.Listeners;

public sealed class ReloadTests : IDisposable
{
    private readonly TestCertificates _certificates = new();

    public void Dispose() => _certificates.Dispose();

    [Fact]
    public async Task New_connections_get_the_new_certificate_and_old_ones_go_on()
    {
        await using var upstream = TestUpstream.Echo();
        await using var gateway = await RunningGateway.StartAsync(Listener("old certificate", upstream.EndPoint));
        var port = gateway.Port;
        await using var old = await SslStreamClient.ConnectAsync(gateway, _certificates);
        Assert.Equal("old certificate", old.CertificateName);

        await gateway.ReloadAsync(Listener("new certificate", upstream.EndPoint));
        Assert.Equal((2, port), (gateway.Host.Generation, gateway.Port));
        await using var next = await SslStreamClient.ConnectAsync(gateway.EndPoint, FreshOptions());
        Assert.Equal("new certificate", next.CertificateName);
        await next.EchoAsync("new");
        await old.EchoAsync("old");
        await old.CloseAsync();
        await next.CloseAsync();
        await gateway.UntilClosedAsync(CloseReason.Completed, 2);
    }

    [Fact]
    public async Task New_connections_go_to_the_new_upstream_and_old_ones_stay_at_theirs()
    {
        await using var before = Named("before");
        await using var after = Named("after");
        await using var gateway = await RunningGateway.StartAsync(Listener("localhost", before.EndPoint));
        using var old = EngineClient.Open(gateway.EndPoint, TlsVersion.Tls13);
        old.Send("?"u8);
        old.Expect("before");

        await gateway.ReloadAsync(Listener("localhost", after.EndPoint));
        using var next = EngineClient.Open(gateway.EndPoint, TlsVersion.Tls13);
        next.Send("?"u8);
        next.Expect("after");
        old.Send("?"u8);
        old.Expect("before");
        old.Shutdown();
        next.Shutdown();
        await gateway.UntilClosedAsync(CloseReason.Completed, 2);
    }

    [Fact]
    public async Task A_reload_is_over_when_every_loop_has_taken_it()
    {
        await using var upstream = TestUpstream.Echo();
        await using var gateway = await RunningGateway.StartAsync(Listener("old certificate", upstream.EndPoint));
        using var release = new ManualResetEventSlim();
        var held = gateway.OnLoopAsync(1, _ => release.Wait(RunningGateway.Patience));
        Task reload;
        try
        {
            reload = gateway.ReloadAsync(Listener("new certificate", upstream.EndPoint));
            Assert.False(reload.IsCompleted, "the reload did not wait for a loop that still serves the old generation");
        }
        finally
        {
            release.Set();
        }

        Assert.True(await held);
        await reload.WaitAsync(RunningGateway.Patience);
        Assert.Equal(2, gateway.Host.Generation);
    }

    [Theory]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    public async Task A_session_of_the_old_generation_resumes_in_the_new_one(SslProtocols version)
    {
        await using var upstream = TestUpstream.Echo();
        await using var gateway = await RunningGateway.StartAsync(Listener("localhost", upstream.EndPoint));
        await ConnectOnceAsync(gateway, version);
        await gateway.ReloadAsync(Listener("localhost", upstream.EndPoint));
        await ConnectOnceAsync(gateway, version);
        await gateway.UntilClosedAsync(CloseReason.Completed, 2);
        Assert.Equal(1, gateway.Count(c => c.ResumedTls12 + c.ResumedTls13));
    }

    [Fact]
    public async Task A_certificate_that_cannot_be_used_changes_nothing()
    {
        await using var upstream = TestUpstream.Echo();
        var good = Listener("localhost", upstream.EndPoint);
        await using var gateway = await RunningGateway.StartAsync(good);
        var stranger = _certificates.Leaf("stranger", "stranger");
        var mixed = new TlsCertificate("mixed", good.Tls.Certificates[0].ChainPem, stranger.KeyPem);
        await Assert.ThrowsAsync<TlsConfigurationException>(() =>
            gateway.ReloadAsync(good with { Tls = good.Tls with { Certificates = [mixed] } })
        );
        Assert.Equal(1, gateway.Host.Generation);
        await using var client = await SslStreamClient.ConnectAsync(gateway, _certificates);
        Assert.Equal("localhost", client.CertificateName);
        await client.EchoAsync("as before");
    }

    private async Task ConnectOnceAsync(RunningGateway gateway, SslProtocols version)
    {
        await using var client = await SslStreamClient.ConnectAsync(gateway, _certificates, version);
        await client.EchoAsync("an answer brings the ticket");
        await client.CloseAsync();
    }

    /// <summary>Options of another look than the default's, so that SslStream does not resume: a resumed session shows the certificate of the first one.</summary>
    private System.Net.Security.SslClientAuthenticationOptions FreshOptions()
    {
        var options = SslStreamClient.Options(_certificates);
        options.AllowTlsResume = false;
        return options;
    }

    private ListenerSettings Listener(string commonName, IPEndPoint upstream) =>
        RunningGateway.Listener(_certificates.Leaf(commonName, "localhost"), upstream);

    /// <summary>Answers each message with its name.</summary>
    private static TestUpstream Named(string name) =>
        new(async socket =>
        {
            var buffer = new byte[16];
            while (await socket.ReceiveAsync(buffer) > 0)
                await TestUpstream.SendAllAsync(socket, System.Text.Encoding.UTF8.GetBytes(name));
        });
}
