using System.Net;
using TlsGateway.Actors;
using TlsGateway.Actors.Limits;
using TlsGateway.Actors.Routing;
using TlsGateway.Actors.Settings;
using TlsGateway.Interop.Tests.Support;
using TlsGateway.Tls;
using TlsGateway.Transport;

namespace TlsGateway.Interop.Tests.Listeners;

/// <summary>What a client network has at other members counts here; the tests say what those have.</summary>
public sealed class FleetLimitsTests : IDisposable
{
    private static readonly IPAddress Elsewhere = IPAddress.Parse("127.0.0.78");

    private readonly TestCertificates _certificates = new();

    public void Dispose() => _certificates.Dispose();

    [Fact]
    public async Task Connections_at_other_members_leave_less_room_here()
    {
        await using var upstream = TestUpstream.Echo();
        await using var gateway = await StartAsync(upstream, new LimitSettings { Connections = 3 });
        gateway.Host.FleetClients.Hear([new NetworkUse(NetworkOf(IPAddress.Loopback), 2, 0)]);
        using (var first = EngineClient.Open(gateway.EndPoint))
        {
            first.AssertEchoes("the third of three");
            AssertRefused(gateway);
            using (var other = EngineClient.OpenFrom(Elsewhere, gateway.EndPoint))
                other.AssertEchoes("another network");
            Assert.Equal(1, Assert.Single(gateway.Host.FleetClients.Read(3)!.Networks, IsOfLoopback).Connections);
            gateway.Host.FleetClients.Hear([new NetworkUse(NetworkOf(IPAddress.Loopback), 0, 0)]);
            using (var second = EngineClient.Open(gateway.EndPoint))
                second.AssertEchoes("there is room again");
            // Without the limit, others' word counts for nothing.
            gateway.Host.FleetClients.Hear([new NetworkUse(NetworkOf(IPAddress.Loopback), 100, 0)]);
            AssertRefused(gateway);
            await gateway.ReloadAsync(gateway.Settings with { FleetClientLimits = ClientLimitSettings.None });
            Assert.Null(gateway.Host.FleetClients.Read(3));
            using var third = EngineClient.Open(gateway.EndPoint);
            third.AssertEchoes("no limit");
        }

        await RunningGateway.UntilAsync(() => gateway.Host.OpenConnections == 0, gateway.Describe);
        Assert.Equal(2, gateway.Count(static c => c.Refused(CloseReason.FleetClientTooManyConnections)));
        Assert.Equal(2, gateway.Closed(CloseReason.FleetClientTooManyConnections));
        Assert.Equal(2, gateway.Host.Limits.Listeners[0].Refused["fleet_client_too_many_connections"]);
    }

    [Fact]
    public async Task Behind_a_proxy_the_client_of_its_header_counts()
    {
        await using var upstream = TestUpstream.Echo();
        await using var gateway = await RunningGateway.StartAsync(
            new GatewaySettings
            {
                Generation = 1,
                Listeners =
                [
                    RunningGateway.Listener(_certificates.Localhost, upstream.EndPoint) with
                    {
                        ProxyProtocolFrom = PrefixTable.Of([IPNetwork.Parse("127.0.0.0/8")]),
                    },
                ],
                FleetClientLimits = new ClientLimitSettings { Limits = new LimitSettings { Connections = 3 } },
            },
            loops: 1,
            new GatewayHostOptions()
        );
        gateway.Host.FleetClients.Hear([
            new NetworkUse(NetworkOf(IPAddress.Loopback), 9, 0),
            new NetworkUse(NetworkOf(IPAddress.Parse("192.0.2.9")), 3, 0),
        ]);
        byte[] hello = EngineClient.ClientHello();
        using (var refused = EngineClient.ConnectSocket(gateway.EndPoint))
        {
            refused.Send([.. "PROXY TCP4 192.0.2.9 192.0.2.1 1 2\r\n"u8, .. hello]);
            await gateway.UntilClosedAsync(CloseReason.FleetClientTooManyConnections);
        }

        using (var served = EngineClient.ConnectSocket(gateway.EndPoint))
        {
            served.Send([.. "PROXY TCP4 192.0.2.8 192.0.2.1 1 2\r\n"u8, .. hello]);
            // More than an alert: a ServerHello.
            Assert.InRange(served.Receive(new byte[4096]), 8, 4096);
        }

        await RunningGateway.UntilAsync(() => gateway.Host.OpenConnections == 0, gateway.Describe);
        Assert.Equal(1, gateway.Count(static c => c.Refused(CloseReason.FleetClientTooManyConnections)));
    }

    [Fact]
    public async Task What_is_handed_to_another_member_counts_there_and_only_there()
    {
        await using var upstream = TestUpstream.Echo();
        FixedPlacement placement = new();
        await using var origin = await StartAsync(upstream, new LimitSettings { Connections = 1 }, placement);
        await using var target = await StartAsync(upstream, new LimitSettings { Connections = 1 }, new FixedPlacement());
        placement.Use(target.Host.RelayEndPoint);
        using (var first = EngineClient.Open(origin.EndPoint))
        {
            first.AssertEchoes("over two");
            Assert.Equal(1, target.Host.OpenConnections);
            Assert.Empty(origin.Host.FleetClients.Read(1)!.Networks);
            Assert.Equal(1, Assert.Single(target.Host.FleetClients.Read(1)!.Networks, IsOfLoopback).Connections);
            // The other one has no room: it is served where it came, as far as is known there.
            using var second = EngineClient.Open(origin.EndPoint);
            second.AssertEchoes("here");
            Assert.Equal(1, origin.Host.OpenConnections);
            AssertRefused(origin);
            second.CloseCleanly();
            first.CloseCleanly();
        }

        await RunningGateway.UntilAsync(
            () => origin.Host.FleetClients.Read(1)!.Networks.Count + target.Host.FleetClients.Read(1)!.Networks.Count == 0,
            origin.Describe
        );
    }

    [Fact]
    public async Task Full_handshakes_at_other_members_are_taken_off_the_rate_and_resumed_ones_are_free()
    {
        await using var upstream = TestUpstream.Echo();
        await using var gateway = await StartAsync(upstream, new LimitSettings { HandshakeRate = 10 });
        using var context = TlsEngines.CreateClient(TlsEngine.OpenSsl, new TlsClientSettings { ServerName = "localhost" });
        for (var i = 0; i < 5; i++)
        {
            using var client = EngineClient.Connect(gateway.EndPoint, new BorrowedContext(context));
            client.Handshake();
            client.AssertEchoes("resumed, but for the first");
            Assert.Equal(i > 0, client.Session.IsResumed);
        }

        Assert.Equal(1, Assert.Single(gateway.Host.FleetClients.Read(1)!.Networks, IsOfLoopback).Handshakes);
        gateway.Host.FleetClients.Hear([new NetworkUse(NetworkOf(IPAddress.Loopback), 0, 500)]);
        using (var client = EngineClient.Connect(gateway.EndPoint))
            Assert.NotEqual(TlsStatus.Done, client.TryHandshake());
        using (var other = EngineClient.OpenFrom(Elsewhere, gateway.EndPoint))
            other.AssertEchoes("from elsewhere");
        await RunningGateway.UntilAsync(() => gateway.Host.OpenConnections == 0, gateway.Describe);
        Assert.Equal(1, gateway.Count(static c => c.Refused(CloseReason.FleetClientHandshakeRateExceeded)));
        Assert.Equal(1, gateway.Closed(CloseReason.FleetClientHandshakeRateExceeded));
    }

    private Task<RunningGateway> StartAsync(TestUpstream upstream, LimitSettings limits, FixedPlacement? placement = null) =>
        RunningGateway.StartAsync(
            new GatewaySettings
            {
                Generation = 1,
                Listeners = [RunningGateway.Listener(_certificates.Localhost, upstream.EndPoint)],
                FleetClientLimits = new ClientLimitSettings { Limits = limits },
            },
            loops: 2,
            new GatewayHostOptions { Relays = placement is null ? null : Relayed.Settings(placement) }
        );

    private static void AssertRefused(RunningGateway gateway)
    {
        using var client = EngineClient.ConnectSocket(gateway.EndPoint);
        // An alert, and the end.
        Assert.Equal(7, client.Receive(new byte[100]));
    }

    private static bool IsOfLoopback(NetworkUse one) => one.Network == NetworkOf(IPAddress.Loopback);

    private static UInt128 NetworkOf(IPAddress address) => InetEndPoint.From(address, 1).AddressBits;
}
