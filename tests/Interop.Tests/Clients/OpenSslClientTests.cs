using Akka.Actor;
using TlsGateway.Actors;
using TlsGateway.Actors.Settings;
using TlsGateway.Interop.Tests.Support;

namespace TlsGateway.Interop.Tests.Clients;

/// <summary>openssl s_client. Its single-letter lines are commands: k and K update keys, R renegotiates, Q quits.</summary>
public sealed class OpenSslClientTests : IDisposable
{
    private readonly string _openssl = Programs.Require("openssl");
    private readonly TestCertificates _certificates = new();

    public void Dispose() => _certificates.Dispose();

    [Theory]
    [InlineData("-tls1_2", "TLSv1.2")]
    [InlineData("-tls1_3", "TLSv1.3")]
    public async Task The_certificate_is_verified_and_data_echoes(string option, string version)
    {
        await using var upstream = TestUpstream.Echo();
        await using var gateway = await RunningGateway.StartAsync(RunningGateway.Listener(_certificates.Localhost, upstream.EndPoint));
        await using (var client = Start(gateway, option))
        {
            await client.ExpectAsync("New, " + version);
            await client.ExpectAsync("Verify return code: 0 (ok)");
            await client.EchoAsync("first line");
            await client.EchoAsync("second line");
            await QuitAsync(client);
        }

        await gateway.UntilClosedAsync(CloseReason.Completed);
        Assert.Equal(version == "TLSv1.2" ? (1, 0) : (0, 1), (gateway.Count(c => c.FullTls12), gateway.Count(c => c.FullTls13)));
    }

    [Theory]
    [InlineData("-tls1_2", "TLSv1.2")]
    [InlineData("-tls1_3", "TLSv1.3")]
    public async Task A_saved_session_is_resumed(string option, string version)
    {
        await using var upstream = TestUpstream.Echo();
        await using var gateway = await RunningGateway.StartAsync(RunningGateway.Listener(_certificates.Localhost, upstream.EndPoint));
        var saved = Path.Combine(_certificates.Folder, "session.pem");
        await using (var first = Start(gateway, option, "-sess_out", saved))
        {
            await first.ExpectAsync("New, " + version);
            // A TLS 1.3 ticket comes with or before the first answer.
            await first.EchoAsync("first connection");
            await QuitAsync(first);
        }

        await using (var second = Start(gateway, option, "-sess_in", saved))
        {
            await second.ExpectAsync("Reused, " + version);
            await second.EchoAsync("second connection");
            await QuitAsync(second);
        }

        await gateway.UntilClosedAsync(CloseReason.Completed, 2);
        Assert.Equal(
            version == "TLSv1.2" ? (1, 1, 0, 0) : (0, 0, 1, 1),
            (
                gateway.Count(c => c.FullTls12),
                gateway.Count(c => c.ResumedTls12),
                gateway.Count(c => c.FullTls13),
                gateway.Count(c => c.ResumedTls13)
            )
        );
    }

    [Fact]
    public async Task A_ticket_comes_without_any_data_of_the_upstream()
    {
        await using var upstream = TestUpstream.Echo();
        await using var gateway = await RunningGateway.StartAsync(RunningGateway.Listener(_certificates.Localhost, upstream.EndPoint));
        var saved = Path.Combine(_certificates.Folder, "session.pem");
        await using (var first = Start(gateway, "-tls1_3", "-sess_out", saved))
        {
            await first.ExpectAsync("New, TLSv1.3");
            await RunningGateway.UntilAsync(() => HasSession(saved), "s_client has saved a session");
            await QuitAsync(first);
        }

        await using (var second = Start(gateway, "-tls1_3", "-sess_in", saved))
        {
            await second.ExpectAsync("Reused, TLSv1.3");
            await QuitAsync(second);
        }
    }

    [Fact]
    public async Task The_clients_key_updates_are_followed()
    {
        await using var upstream = TestUpstream.Echo();
        await using var gateway = await RunningGateway.StartAsync(RunningGateway.Listener(_certificates.Localhost, upstream.EndPoint));
        await using (var client = Start(gateway, "-tls1_3"))
        {
            await client.EchoAsync("before");
            foreach (var command in (string[])["k", "K", "K", "k"])
            {
                await client.SayAsync(command);
                await client.ExpectErrorAsync("KEYUPDATE");
                await client.EchoAsync("after " + command);
            }

            await QuitAsync(client);
        }

        await gateway.UntilClosedAsync(CloseReason.Completed);
        Assert.Equal(4, gateway.Count(c => c.KeyUpdatesReceived));
    }

    [Fact]
    public async Task A_renegotiation_by_the_client_is_refused_unless_allowed()
    {
        await using var upstream = TestUpstream.Echo();
        await using var gateway = await RunningGateway.StartAsync(RunningGateway.Listener(_certificates.Localhost, upstream.EndPoint));
        await using (var client = Start(gateway, "-tls1_2"))
        {
            await client.EchoAsync("before");
            await client.SayAsync("R");
            await client.ExpectErrorAsync("RENEGOTIATING");
            // s_client takes the warning no_renegotiation as fatal and ends.
            await client.ExpectErrorAsync("no renegotiation");
            await client.ExitAsync();
        }

        await RunningGateway.UntilAsync(() => gateway.Host.OpenConnections == 0, "the connection ended");
        Assert.Equal(0, gateway.Count(c => c.Rehandshakes));
        Assert.Equal(0, gateway.Closed(CloseReason.InternalError));
        await using var other = await SslStreamClient.ConnectAsync(gateway, _certificates);
        await other.EchoAsync("the gateway goes on");
    }

    [Fact]
    public async Task A_renegotiation_by_the_client_works_where_allowed()
    {
        await using var upstream = TestUpstream.Echo();
        var listener = RunningGateway.Listener(_certificates.Localhost, upstream.EndPoint);
        listener = listener with { Tls = listener.Tls with { AllowClientRenegotiation = true } };
        await using var gateway = await RunningGateway.StartAsync(listener);
        await using (var client = Start(gateway, "-tls1_2"))
        {
            await client.EchoAsync("before");
            for (var i = 1; i <= 3; i++)
            {
                await client.SayAsync("R");
                await client.ExpectErrorAsync("RENEGOTIATING");
                await client.EchoAsync($"after {i}");
            }

            await QuitAsync(client);
        }

        await gateway.UntilClosedAsync(CloseReason.Completed);
        Assert.Equal(3, gateway.Count(c => c.Rehandshakes));
    }

    [Fact]
    public async Task A_renegotiation_by_the_gateway_leaves_the_client_echoing()
    {
        await using var upstream = TestUpstream.Echo();
        await using var gateway = await RunningGateway.StartAsync(RunningGateway.Listener(_certificates.Localhost, upstream.EndPoint));
        await using (var client = Start(gateway, "-tls1_2"))
        {
            await client.EchoAsync("before");
            for (var i = 1; i <= 3; i++)
            {
                TellConnections(gateway, Rehandshake.Instance);
                await RunningGateway.UntilAsync(() => gateway.Count(c => c.Rehandshakes) == i, $"renegotiation {i}");
                await client.EchoAsync($"after {i}");
            }

            await QuitAsync(client);
        }

        await gateway.UntilClosedAsync(CloseReason.Completed);
    }

    [Fact]
    public async Task A_key_update_by_the_gateway_is_answered_and_leaves_the_client_echoing()
    {
        await using var upstream = TestUpstream.Echo();
        await using var gateway = await RunningGateway.StartAsync(RunningGateway.Listener(_certificates.Localhost, upstream.EndPoint));
        await using (var client = Start(gateway, "-tls1_3"))
        {
            await client.EchoAsync("before");
            for (var i = 1; i <= 3; i++)
            {
                TellConnections(gateway, Rehandshake.Instance);
                // OpenSSL answers with its next data: the first echo brings it the request, the second takes the answer along.
                await client.EchoAsync($"first after {i}");
                await client.EchoAsync($"second after {i}");
                await RunningGateway.UntilAsync(() => gateway.Count(c => c.KeyUpdatesReceived) == i, $"the answer to key update {i}");
            }

            await QuitAsync(client);
        }

        await gateway.UntilClosedAsync(CloseReason.Completed);
    }

    [Fact]
    public async Task A_client_that_trusts_another_authority_ends_with_its_alert()
    {
        using var others = new TestCertificates();
        await using var upstream = TestUpstream.Echo();
        await using var gateway = await RunningGateway.StartAsync(RunningGateway.Listener(_certificates.Localhost, upstream.EndPoint));
        await using (var client = RunningProgram.Start(_openssl, Arguments(gateway, others.AuthorityFile, "-tls1_3")))
            Assert.NotEqual(0, await client.ExitAsync());
        await gateway.UntilClosedAsync(CloseReason.ClientAlert);
        Assert.Equal(1, gateway.Count(c => c.HandshakeFailures(CloseReason.ClientAlert)));
    }

    private static bool HasSession(string file) =>
        File.Exists(file) && File.ReadAllText(file).EndsWith("-----END SSL SESSION PARAMETERS-----\n", StringComparison.Ordinal);

    private static void TellConnections(RunningGateway gateway, object message) =>
        gateway.System.ActorSelection("/user/loop-*/*/*").Tell(message, ActorRefs.NoSender);

    private static async Task QuitAsync(RunningProgram client)
    {
        await client.SayAsync("Q");
        Assert.True(await client.ExitAsync() == 0, client.Describe());
    }

    private RunningProgram Start(RunningGateway gateway, params string[] options) =>
        RunningProgram.Start(_openssl, Arguments(gateway, _certificates.AuthorityFile, options));

    private static string[] Arguments(RunningGateway gateway, string authority, params string[] options) =>
        [
            "s_client",
            "-connect",
            gateway.EndPoint.ToString(),
            "-servername",
            "localhost",
            "-CAfile",
            authority,
            "-verify_return_error",
            "-verify_hostname",
            "localhost",
            .. options,
        ];
}
