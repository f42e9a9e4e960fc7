using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using TlsGateway.Actors.Inspection;
using TlsGateway.Actors.Stalls;
using TlsGateway.Interop.Tests.Support;
using TlsGateway.Tls;

namespace TlsGateway.Interop.Tests.Admin;

/// <summary>The connections that have most of something, by the host and by `gateway top`.</summary>
public sealed class TopTests : IDisposable
{
    private readonly TestCertificates _certificates = new();

    public void Dispose() => _certificates.Dispose();

    /// <summary>More connections than one look takes.</summary>
    [Fact]
    public async Task The_oldest_of_many_are_found()
    {
        const int Connections = 2300;
        await using var upstream = TestUpstream.Echo();
        var listener = RunningGateway.Listener(_certificates.Localhost, upstream.EndPoint);
        await using var gateway = await RunningGateway.StartAsync(listener with { HandshakeTimeout = TimeSpan.FromMinutes(5) }, loops: 1);
        var sockets = new List<Socket>();
        try
        {
            for (var i = 0; i < Connections; i++)
                sockets.Add(EngineClient.ConnectSocket(gateway.EndPoint));
            await RunningGateway.UntilAsync(() => gateway.Host.OpenConnections == Connections, "all are open");
            var filter = new ConnectionFilter();
            var oldest = await gateway.Host.RankConnectionsAsync(filter, ConnectionSort.Age, 0, 5);
            Assert.Equal(Connections, oldest.Total);
            Assert.Equal([1, 2, 3, 4, 5], Numbers(oldest));
            Assert.Equal([6, 7, 8], Numbers(await gateway.Host.RankConnectionsAsync(filter, ConnectionSort.Age, 5, 3)));
            Assert.Equal([2299, 2300], Numbers(await gateway.Host.RankConnectionsAsync(filter, ConnectionSort.Age, 2298, 25)));
            Assert.Empty((await gateway.Host.RankConnectionsAsync(filter, ConnectionSort.Age, 2300, 25)).Connections);
            // More than a loop describes in one answer.
            Assert.Equal(
                Enumerable.Range(1, 200).Select(static i => (long)i),
                Numbers(await gateway.Host.RankConnectionsAsync(filter, ConnectionSort.Age, 0, 200))
            );
            var stalled = await gateway.Host.RankConnectionsAsync(filter, ConnectionSort.Stall, 0, 50);
            Assert.Equal(Connections, stalled.Total);
            Assert.Equal(
                stalled.Connections.Select(static c => c.Stall!.Since).OrderDescending(),
                stalled.Connections.Select(static c => c.Stall!.Since)
            );
            // Nothing was received from any: no connection has bytes.
            Assert.Equal(0, (await gateway.Host.RankConnectionsAsync(filter, ConnectionSort.Bytes, 0, 5)).Total);
            var elsewhere = filter with { Clients = ClientNetwork.Parse("192.0.2.0/24") };
            Assert.Equal(0, (await gateway.Host.RankConnectionsAsync(elsewhere, ConnectionSort.Age, 0, 5)).Total);
            var here = filter with { Clients = ClientNetwork.Parse("127.0.0.0/8") };
            Assert.Equal(Connections, (await gateway.Host.RankConnectionsAsync(here, ConnectionSort.Age, 0, 5)).Total);
        }
        finally
        {
            sockets.ForEach(static socket => socket.Dispose());
        }

        await RunningGateway.UntilAsync(() => gateway.Host.OpenConnections == 0, gateway.Describe);
    }

    [Fact]
    public async Task A_connections_timeline_has_its_steps_and_stalls()
    {
        await using var upstream = TestUpstream.Echo();
        await using var gateway = await RunningGateway.StartAsync(RunningGateway.Listener(_certificates.Localhost, upstream.EndPoint));
        using var client = EngineClient.Open(gateway.EndPoint);
        client.AssertEchoes("before");
        Assert.Equal(TlsStatus.Done, client.Session.Write(new byte[100], out _));
        client.FlushFirst(50);
        await RunningGateway.UntilAsync(
            () => gateway.StallSeconds(StallOperation.Read, StallWant.Read, StallLeg.Downstream, StallCause.Client) > 0.02,
            "half a record has been waited for"
        );
        client.Flush();
        _ = client.Receive(100);
        client.AssertEchoes("after");
        var shown = Assert.Single((await gateway.Host.ListConnectionsAsync(new ConnectionFilter(), null, 10)).Connections);
        Assert.True(
            shown.HelloAfter <= shown.Handshake && shown.Handshake <= shown.ConnectedAfter,
            $"{shown.HelloAfter} {shown.Handshake} {shown.ConnectedAfter}"
        );
        var stall = Assert.Single(shown.Stalls, static past => past.Stall is { Operation: "read", Cause: "client" });
        Assert.InRange(stall.Stall.Since, TimeSpan.FromMilliseconds(20), shown.Age);
        Assert.InRange(stall.After, shown.ConnectedAfter!.Value, shown.Age);
        client.CloseCleanly();
    }

    [Fact]
    public async Task It_is_shown_once_for_people_and_for_scripts()
    {
        await using var upstream = TestUpstream.Echo();
        await using var gateway = await StartAsync(upstream, admin: "");
        using var stalled = EngineClient.Open(new(IPAddress.Loopback, gateway.Port));
        stalled.AssertEchoes("stalls");
        Assert.Equal(TlsStatus.Done, stalled.Session.Write(new byte[100], out _));
        stalled.FlushFirst(50);
        using var idle = EngineClient.Open(new(IPAddress.Loopback, gateway.Port));
        idle.AssertEchoes("idle");

        var json = JsonSerializer.Deserialize<JsonElement>(await TopAsync(gateway, "--once", "--json", "--interval", "2"));
        Assert.Equal(2, json.GetProperty("open").GetDouble());
        Assert.Equal(1, json.GetProperty("stalled").GetDouble());
        // One connection waits: charged once a second, so the two seconds may have one, two or three charges.
        Assert.InRange(json.GetProperty("waiting").GetProperty("client").GetDouble(), 0.4, 1.6);
        Assert.Equal("web", json.GetProperty("listeners")[0].GetProperty("name").GetString());
        var connection = Assert.Single(json.GetProperty("connections").EnumerateArray());
        Assert.Equal("read", connection.GetProperty("stall").GetProperty("operation").GetString());

        var screen = await TopAsync(gateway, "--once", "--sort", "age", "--interval", "0.1");
        Assert.Contains("client: read WANT_READ", screen, StringComparison.Ordinal);
        Assert.Contains("localhost", screen, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(new[] { "--sort", "stal" }, 2, "Did you mean stall?")]
    [InlineData(new[] { "--limit", "51" }, 2, "--limit is not from 1 to 50.")]
    [InlineData(new[] { "--json" }, 2, "--json is for --once.")]
    [InlineData(new[] { "--admin", "localhost" }, 2, "which is no URL")]
    [InlineData(new[] { "--admin", "http://127.0.0.1:1", "--once" }, 1, "cannot be reached")]
    [InlineData(new[] { "--token-file", "/nowhere", "--once" }, 2, "Could not find")]
    public async Task What_is_wrong_is_said(string[] arguments, int code, string expected)
    {
        await using var program = RunningProgram.Start(
            "dotnet",
            [Path.Combine(AppContext.BaseDirectory, "gateway.dll"), "top", .. arguments]
        );
        Assert.Equal(code, await program.ExitAsync());
        Assert.Contains(expected, program.Errors.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_token_opens_what_wants_one()
    {
        await using var upstream = TestUpstream.Echo();
        var token = Path.Combine(_certificates.Folder, "token");
        await File.WriteAllTextAsync(token, "a-token-for-readers\n");
        await using var gateway = await StartAsync(upstream, admin: ", readTokenFile: token");
        await using (var without = RunningProgram.Start("dotnet", Arguments(gateway, "--once")))
        {
            Assert.Equal(1, await without.ExitAsync());
            Assert.Contains("wants a token", without.Errors.Text, StringComparison.Ordinal);
        }

        Assert.Contains("web", await TopAsync(gateway, "--once", "--token-file", token, "--interval", "0.1"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_fleet_is_shown_member_by_member()
    {
        await using var upstream = TestUpstream.Echo();
        await using (var alone = await StartAsync(upstream, admin: ""))
        {
            Assert.Contains("up 0 of 0", await TopAsync(alone, "--fleet", "--once"), StringComparison.Ordinal);
        }

        using var free = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        free.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var member = $"127.0.0.1:{((IPEndPoint)free.LocalEndPoint!).Port}";
        free.Dispose();
        await using var gateway = await StartAsync(upstream, admin: "", more: $"cluster: {{ bind: \"{member}\", seeds: [\"{member}\"] }}");
        var text = "";
        for (var look = 0; look < 100 && !text.Contains("\"ticketKeys\": \"fleet\"", StringComparison.Ordinal); look++)
            text = await TopAsync(gateway, "--fleet", "--once", "--json");
        Assert.True(text.Contains("\"ticketKeys\": \"fleet\"", StringComparison.Ordinal), text + gateway.Program.Describe());
        Assert.Contains("\"standing\": \"member\"", text, StringComparison.Ordinal);
        var screen = await TopAsync(gateway, "--fleet", "--once");
        Assert.Contains("up 1 of 1", screen, StringComparison.Ordinal);
        Assert.Contains(member, screen, StringComparison.Ordinal);
        Assert.Contains("up, oldest", screen, StringComparison.Ordinal);
    }

    private static IEnumerable<long> Numbers(RankedConnections ranked) =>
        ranked.Connections.Select(static connection => connection.Id.Number);

    private static Task<string> TopAsync(GatewayProgram gateway, params string[] arguments) =>
        RunningProgram.RunAsync("dotnet", Arguments(gateway, arguments));

    private static string[] Arguments(GatewayProgram gateway, params string[] arguments) =>
        [Path.Combine(AppContext.BaseDirectory, "gateway.dll"), "top", "--admin", gateway.Admin.ToString(), .. arguments];

    private async Task<GatewayProgram> StartAsync(TestUpstream upstream, string admin, string more = "")
    {
        var pem = Path.Combine(_certificates.Folder, "server.pem");
        await File.WriteAllTextAsync(pem, _certificates.Localhost.ChainPem + "\n" + _certificates.Localhost.KeyPem);
        return await GatewayProgram.StartAsync(
            _certificates.Folder,
            $$"""
            admin: { bind: 127.0.0.1:0{{admin}} }
            {{more}}
            listeners:
              - { name: web, bind: 127.0.0.1:0, upstream: echo, tls: { certificates: [ { certificate: {{pem}}, key: {{pem}} } ] } }
            upstreams:
              echo: { address: "{{upstream.EndPoint}}" }
            """
        );
    }
}
