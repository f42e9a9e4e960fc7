using System.Collections.Concurrent;
using System.Net;
using Akka.Actor;
using TlsGateway.Actors;
using TlsGateway.Actors.ClientCertificates;
using TlsGateway.Actors.Settings;
using TlsGateway.Interop.Tests.Support;
using TlsGateway.Tls;
using TlsGateway.Tls.ClientCertificates;
using TlsGateway.Tls.OpenSsl;

namespace TlsGateway.Interop.Tests.Listeners;

/// <summary>An actor has one connection after another: nothing of one reaches the next, and one that failed has no other.</summary>
public sealed class ActorReuseTests : IDisposable
{
    private readonly TestCertificates _certificates = new();

    public void Dispose() => _certificates.Dispose();

    [Fact]
    public async Task Connections_one_after_another_have_one_actor()
    {
        await using var upstream = TestUpstream.Echo();
        await using var gateway = await StartAsync(Listener(upstream.EndPoint));
        for (var i = 1; i <= 20; i++)
        {
            // By turns: whole, cut off in the handshake, and cut off with data on its way in both directions.
            using var client = EngineClient.Connect(gateway.EndPoint, i % 2 == 0 ? TlsVersion.Tls12 : TlsVersion.Tls13);
            if (i % 3 != 1)
            {
                client.Handshake();
                client.AssertEchoes($"connection {i}");
                if (i % 3 == 2)
                    client.Send(new byte[300_000]);
            }

            client.Dispose();
            await EndedAsync(gateway, i);
        }

        Assert.Equal(1, await ActorsAsync(gateway));
    }

    [Fact]
    public async Task No_more_than_256_actors_wait_for_a_connection()
    {
        const int AtOnce = 300;
        await using var upstream = TestUpstream.Echo();
        await using var gateway = await StartAsync(Listener(upstream.EndPoint));
        var clients = Enumerable.Range(0, AtOnce).Select(_ => EngineClient.ConnectSocket(gateway.EndPoint)).ToList();
        await RunningGateway.UntilAsync(() => gateway.Host.OpenConnections == AtOnce, gateway.Describe);
        Assert.Equal(AtOnce, await ActorsAsync(gateway));
        clients.ForEach(static c => c.Dispose());
        await EndedAsync(gateway, AtOnce);
        Assert.Equal(256, await ActorsAsync(gateway));
    }

    [Fact]
    public async Task A_late_verdict_on_a_client_reaches_only_the_connection_that_asked()
    {
        var status = new StatusByHand();
        await using var upstream = TestUpstream.Echo();
        var listener = Listener(upstream.EndPoint);
        await using var gateway = await StartAsync(
            listener with
            {
                ClientCertificateStatus = status,
                Tls = listener.Tls with
                {
                    ClientAuthentication = new TlsClientAuthentication
                    {
                        Mode = ClientCertificateMode.Required,
                        TrustedAuthoritiesPem = _certificates.Authority.ExportCertificatePem(),
                    },
                },
            }
        );
        using (var first = Connect(gateway))
        {
            first.Handshake();
            await RunningGateway.UntilAsync(() => status.Asked.Count == 1, "the first is looked up");
            gateway.Connections.Tell(CloseByOrder.Instance);
        }

        await EndedAsync(gateway, 1);
        using (var second = Connect(gateway))
        {
            second.Handshake();
            await RunningGateway.UntilAsync(() => status.Asked.Count == 2, "the second is looked up");
            Assert.Equal(1, await ActorsAsync(gateway));
            status.Asked.First().SetResult(new ClientCertificateVerdict(new TlsFailure(TlsFailureKind.CertificateRevoked, 44, "revoked")));
            status.Asked.Last().SetResult(ClientCertificateVerdict.Good);
            second.AssertEchoes("let in");
        }

        await EndedAsync(gateway, 2);
        Assert.Equal(0, gateway.Closed(CloseReason.CertificateRevoked));
    }

    [Fact]
    public async Task An_upstream_leg_that_fails_ends_its_connection_and_both_actors()
    {
        await using var upstream = TestUpstream.Echo();
        await using var gateway = await StartAsync(Listener(upstream.EndPoint));
        using (var lost = EngineClient.Open(gateway.EndPoint, TlsVersion.Tls12))
        {
            lost.AssertEchoes("before");
            gateway.System.ActorSelection("/user/loop-*/*/*/*").Tell(Kill.Instance);
            await gateway.UntilClosedAsync(CloseReason.InternalError);
        }

        await EndedAsync(gateway, 1);
        Assert.Equal(0, await ActorsAsync(gateway));

        using (var client = EngineClient.Open(gateway.EndPoint))
            client.AssertEchoes("another actor");
        await EndedAsync(gateway, 2);
        Assert.Equal(1, gateway.Closed(CloseReason.InternalError));
    }

    private ListenerSettings Listener(IPEndPoint upstream) => RunningGateway.Listener(_certificates.Localhost, upstream);

    private static Task<RunningGateway> StartAsync(ListenerSettings listener) => RunningGateway.StartAsync(listener, loops: 1);

    private EngineClient Connect(RunningGateway gateway) =>
        EngineClient.Connect(
            gateway.EndPoint,
            OpenSslContext.CreateClient(new TlsClientSettings { Certificate = _certificates.ClientLeaf("client") })
        );

    /// <summary>So many connections have ended, and their actors can have another.</summary>
    private static async Task EndedAsync(RunningGateway gateway, int connections)
    {
        await RunningGateway.UntilAsync(() => Enum.GetValues<CloseReason>().Sum(gateway.Closed) == connections, gateway.Describe);
        // Counted first; then the word goes to the other leg and back, and to the listener. Each visit to the loop comes after one step at least.
        for (var steps = 0; steps < 5; steps++)
            _ = await gateway.OnLoopAsync(0, static loop => loop.Index);
    }

    /// <summary>Connection actors that there are, with a connection or without.</summary>
    private static async Task<int> ActorsAsync(RunningGateway gateway)
    {
        var listener = await gateway.System.ActorSelection("/user/loop-0/*").ResolveOne(RunningGateway.Patience);
        return ((ActorRefWithCell)listener).Children.Count();
    }

    private sealed class StatusByHand : IClientCertificateStatus
    {
        public ConcurrentQueue<TaskCompletionSource<ClientCertificateVerdict>> Asked { get; } = new();

        public ClientCertificateVerdict? Known(TlsPeerCertificate certificate) => null;

        public Task<ClientCertificateVerdict> AskAsync(TlsPeerCertificate certificate)
        {
            var asked = new TaskCompletionSource<ClientCertificateVerdict>(TaskCreationOptions.RunContinuationsAsynchronously);
            Asked.Enqueue(asked);
            return asked.Task;
        }
    }
}
