using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using TlsGateway.Cluster.Tests.Support;
using TestFleet = TlsGateway.Cluster.Tests.Support.TestFleet;

namespace TlsGateway.Cluster.Tests;

/// <summary>Connections that one member accepts and another serves.</summary>
public sealed class RelayTests
{
    private const string Relay = "  relay: { minimum: 40, excess: 25 }";

    [Fact]
    public async Task Clients_that_all_come_to_one_member_are_served_by_all()
    {
        await using var fleet = await TestFleet.StartAsync(3, Relay);
        await using var clients = await SkewAsync(fleet, fleet.Members[0], 600);
        await clients.EchoAsync();
        var connections = await TestFleet.ConnectionsAsync(fleet.Members);
        Assert.Equal(clients.Count, connections.Sum());
        // Begun above 1.25 times the average; what is known is a second old.
        Assert.True(connections.Max() < 1.5 * connections.Average(), string.Join(", ", connections));
        Assert.True(connections.Min() > 0.5 * connections.Average(), string.Join(", ", connections));

        // Who serves one knows its client, and where it came from.
        var relayed = (await fleet.Members[1].GetAsync("/connections?limit=1000"))!
            .Value.GetProperty("connections")
            .EnumerateArray()
            .ToList();
        Assert.All(
            relayed,
            one =>
            {
                Assert.Equal($"{fleet.Members[0].Address}:4053", TestFleet.Text(one, "relayedFrom"));
                Assert.StartsWith(TestFleet.Outside + ":", TestFleet.Text(one, "peer"), StringComparison.Ordinal);
            }
        );
        var relays = await fleet.Members[0].SumAsync("gateway_relay_active_connections");
        Assert.Equal(clients.Count - connections[0], relays);
        // Once is enough: nothing that came over a relay is handed on.
        Assert.Equal(0, await fleet.Members[1].SumAsync("gateway_relay_active_connections"));
        Assert.Equal(0, await fleet.Members[2].SumAsync("gateway_relay_active_connections"));
        foreach (var member in fleet.Members)
        {
            Assert.Empty(RefusedBy(await member.MetricsAsync("gateway_relay_received_connections_total")));
        }
    }

    [Fact]
    public async Task When_a_member_dies_that_connections_are_relayed_to_only_those_end()
    {
        await using var fleet = await TestFleet.StartAsync(3, Relay);
        var (origin, target) = (fleet.Members[0], fleet.Members[2]);
        await using var clients = await SkewAsync(fleet, origin, 300);
        var served = await TestFleet.ConnectionsAsync(target);
        target.Signal("KILL");
        await target.ExitAsync();
        var ended = await clients.CountEndedAsync();
        Assert.Equal(served[0], ended);
        // And whoever comes now is served, if need be by the one it comes to.
        await using var more = await SkewAsync(fleet, origin, 60);
        await more.EchoAsync();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_a_frozen_member_or_a_cut_relay_port_does_not_take_is_served_where_it_came(bool freezes)
    {
        await using var fleet = await TestFleet.StartAsync(3, Relay);
        var (origin, target) = (fleet.Members[0], fleet.Members[2]);
        await using var clients = await SkewAsync(fleet, origin, 200);
        if (freezes)
        {
            target.Signal("STOP");
        }
        else
        {
            TestFleet.CutPort(target, 4054);
        }
        await using (var more = await SkewAsync(fleet, origin, 200))
        {
            await more.EchoAsync();
        }
        var why = await origin.MetricsAsync("gateway_relay_sent_connections_total");
        if (!freezes)
        {
            Assert.Contains(why, static line => line.Key.Contains("outcome=\"timed_out\"", StringComparison.Ordinal) && line.Value > 0);
        }
        target.Signal("CONT");
    }

    [Fact]
    public async Task A_member_that_drains_has_the_others_end_well_what_it_relays()
    {
        await using var fleet = await TestFleet.StartAsync(3, Relay);
        var origin = fleet.Members[0];
        await using var clients = await SkewAsync(fleet, origin, 200);
        origin.Signal("TERM");
        // Every one of them sees a close_notify: a bare end would throw.
        await clients.ExpectEndAsync();
        Assert.Equal(0, await origin.ExitAsync());
        Assert.DoesNotContain("still open", origin.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Outsiders_at_the_relay_port_are_refused_and_counted()
    {
        await using var fleet = await TestFleet.StartAsync(1, Relay);
        var member = fleet.Members[0];
        IPEndPoint port = new(member.Address, 4054);
        // Garbage; a ClientHello; a PROXY header that nobody has authenticated; one that never ends.
        Assert.Empty(await SayAsync(port, "GET / HTTP/1.1\r\n\r\n"u8.ToArray()));
        Assert.Empty(await SayAsync(port, [0x16, 3, 1, 0, 5, 1, 0, 0, 1, 0]));
        Assert.Empty(await SayAsync(port, Header(mac: null)));
        Assert.Empty(await SayAsync(port, Header(new byte[48])));
        Assert.Empty(await SayAsync(port, "\r\n\r\n\0\r\nQUIT\n"u8.ToArray()));
        var refused = RefusedBy(await member.MetricsAsync("gateway_relay_received_connections_total"));
        Assert.Equal(3, refused["malformed"]);
        Assert.Equal(1, refused["unknown_key"]);
        Assert.Equal(1, refused["timed_out"]);
        await TestFleet.UntilAsync(
            () => Task.FromResult(member.Log.Contains($"relay port: {TestFleet.Outside}:", StringComparison.Ordinal)),
            "it says who it was",
            () => member.Log
        );
        await using var client = await EchoClient.ConnectAsync(member.Clients);
        await client.EchoAsync("and serves");
    }

    /// <summary>Opens connections at one member, so fast that its load can be seen by the others meanwhile.</summary>
    internal static async Task<ManyClients> SkewAsync(TestFleet fleet, Member at, int count)
    {
        const int PerTick = 8;
        ManyClients clients = new();
        using PeriodicTimer ticks = new(TimeSpan.FromMilliseconds(100));
        while (clients.Count < count)
        {
            await clients.AddAsync(at.Clients, Math.Min(PerTick, count - clients.Count));
            await ticks.WaitForNextTickAsync();
        }
        // What a frozen one has, it does not say.
        if (!Array.Exists(fleet.Members, static one => one.IsStopped))
        {
            var alive = fleet.Members.Where(static one => !one.HasEnded).ToArray();
            await TestFleet.UntilAsync(async () => (await TestFleet.ConnectionsAsync(alive)).Sum() >= clients.Count, "all are counted");
        }
        return clients;
    }

    private static Dictionary<string, double> RefusedBy(IReadOnlyDictionary<string, double> metrics) =>
        metrics
            .Select(static line => (Outcome: line.Key.Split("outcome=\"")[1].Split('"')[0], line.Value))
            .Where(static one => one.Outcome != "relayed")
            .ToDictionary(static one => one.Outcome, static one => one.Value, StringComparer.Ordinal);

    /// <summary>Reads the challenge, says something, and returns what is answered before the end.</summary>
    private static async Task<byte[]> SayAsync(IPEndPoint port, byte[] what)
    {
        using CancellationTokenSource patience = new(TestFleet.Patience);
        using Socket socket = new(port.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(port, patience.Token);
        await using NetworkStream stream = new(socket);
        await stream.ReadExactlyAsync(new byte[36], patience.Token);
        await stream.WriteAsync(what, patience.Token);
        using MemoryStream answer = new();
        try
        {
            await stream.CopyToAsync(answer, patience.Token);
        }
        catch (IOException)
        {
            // A reset: it had not read all.
        }
        return answer.ToArray();
    }

    private static byte[] Header(byte[]? mac)
    {
        byte[] listener = [0xE0, 0, 3, .. "tls"u8];
        byte[] code = mac is null ? [] : [0xE2, 0, (byte)mac.Length, .. mac];
        byte[] addresses = [192, 0, 2, 1, 192, 0, 2, 2, 0x9c, 0x40, 0x20, 0xfb];
        return
        [
            .. "\r\n\r\n\0\r\nQUIT\n"u8,
            0x21,
            0x11,
            0,
            (byte)(addresses.Length + listener.Length + code.Length),
            .. addresses,
            .. listener,
            .. code,
        ];
    }
}
