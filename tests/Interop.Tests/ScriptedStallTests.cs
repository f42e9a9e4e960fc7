using System.Diagnostics;
using Akka.Actor;
using TlsGateway.Actors;
using TlsGateway.Actors.Connections;
using TlsGateway.Actors.Settings;
using TlsGateway.Actors.Stalls;
using TlsGateway.Interop.Tests.Support;
using TlsGateway.Tls;
using TlsGateway.Transport;

namespace TlsGateway.Interop.Tests;

/// <summary>
/// Peers that follow a script. What they are charged for is what they did, for as long as they did it, and nobody else is charged. What is compared are two measurements of one time, not a time with a limit.
/// </summary>
public sealed class ScriptedStallTests : IDisposable
{
    /// <summary>Long beside what a machine that does other things adds.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);

    private const double Tolerance = 0.05;

    private readonly TestCertificates _certificates = new();

    public void Dispose() => _certificates.Dispose();

    [Fact]
    public async Task A_slow_sender()
    {
        await using var upstream = TestUpstream.Echo();
        await using var gateway = await StartAsync(upstream);
        using var client = EngineClient.Open(gateway.EndPoint);
        client.AssertEchoes("open");
        Assert.Equal(TlsStatus.Done, client.Session.Write(new byte[1000], out _));
        var before = await CellsAsync(gateway);
        client.FlushFirst(500);
        var paused = await PauseAsync();
        client.Flush();
        _ = client.Receive(1000);
        await AssertChargedAsync(gateway, before, paused, new(StallOperation.Read, StallWant.Read, StallLeg.Downstream, StallCause.Client));
        client.CloseCleanly();
    }

    [Fact]
    public async Task A_slow_reader()
    {
        var data = Seeded.Bytes(3, 32 * 1024 * 1024);
        await using var upstream = new TestUpstream(async socket =>
        {
            var go = new byte[2];
            _ = await socket.ReceiveAsync(go);
            await TestUpstream.SendAllAsync(socket, data);
            _ = await socket.ReceiveAsync(go);
        });
        await using var gateway = await StartAsync(upstream);
        using var client = EngineClient.Open(gateway.EndPoint, receiveBufferBytes: 64 * 1024);
        var before = await CellsAsync(gateway);
        client.Send("go"u8);
        await RunningGateway.UntilAsync(() => gateway.Count(static c => c.Stalls.Stalled) == 1, "the client is waited for");
        var paused = await PauseAsync();
        var charged = await CellsAsync(gateway);
        _ = client.Receive(data.Length);
        // What comes after the pause is a transfer with its own turns.
        AssertCharged(charged, before, paused, new(StallOperation.Write, StallWant.Write, StallLeg.Downstream, StallCause.Client));
        client.CloseCleanly();
    }

    [Fact]
    public async Task An_upstream_that_hangs()
    {
        var goOn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var data = Seeded.Bytes(4, 32 * 1024 * 1024);
        await using var upstream = new TestUpstream(
            async socket =>
            {
                await goOn.Task;
                var buffer = new byte[256 * 1024];
                while (await socket.ReceiveAsync(buffer) > 0) { }
            },
            receiveBufferBytes: 64 * 1024
        );
        await using var gateway = await StartAsync(upstream);
        using var client = EngineClient.Open(gateway.EndPoint);
        var before = await CellsAsync(gateway);
        var sending = Task.Run(() => client.Exchange(data, []));
        await RunningGateway.UntilAsync(() => gateway.Count(static c => c.Stalls.Stalled) == 1, "the upstream is waited for");
        var paused = await PauseAsync();
        var charged = await CellsAsync(gateway);
        goOn.SetResult();
        await sending.WaitAsync(RunningGateway.Patience);
        var key = new StallKey(StallOperation.Write, StallWant.Write, StallLeg.Upstream, StallCause.Upstream);
        AssertCharged(charged, before, paused, key);
        await AssertEndpointChargedAsync(gateway);
        client.CloseCleanly();
        await gateway.UntilClosedAsync(CloseReason.Completed);
    }

    [Fact]
    public async Task An_upstream_that_is_slow_to_shake_hands()
    {
        var goOn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var upstream = new TestUpstream(async socket =>
        {
            await goOn.Task;
            await TestUpstream.SecureAsync(socket, TestUpstream.EchoAsync, _certificates.Localhost, []);
        });
        var listener = RunningGateway.Listener(_certificates.Localhost, upstream.EndPoint);
        var tls = new UpstreamTlsSettings
        {
            ServerName = "localhost",
            Client = new TlsClientSettings { TrustedAuthoritiesPem = _certificates.Authority.ExportCertificatePem() },
        };
        await using var gateway = await RunningGateway.StartAsync(
            listener with
            {
                Upstream = listener.Upstream! with { Tls = tls },
            },
            loops: 1
        );
        using var client = EngineClient.Open(gateway.EndPoint);
        var before = await CellsAsync(gateway);
        var watch = Stopwatch.StartNew();
        client.Send("hello"u8);
        _ = await PauseAsync();
        goOn.SetResult();
        _ = client.Receive("hello".Length);
        // The server's own part of the handshake is its time too.
        var paused = watch.Elapsed;
        await AssertChargedAsync(
            gateway,
            before,
            paused,
            new(StallOperation.Handshake, StallWant.Read, StallLeg.Upstream, StallCause.Upstream)
        );
        await AssertEndpointChargedAsync(gateway);
        client.CloseCleanly();
    }

    /// <summary>The client has done its part; the loop is away.</summary>
    [Fact]
    public async Task A_blocked_loop()
    {
        await using var upstream = TestUpstream.Echo();
        await using var gateway = await StartAsync(upstream);
        using var client = EngineClient.Open(gateway.EndPoint);
        client.AssertEchoes("open");
        var before = await CellsAsync(gateway);
        var isBlocked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var goOn = new ManualResetEventSlim();
        var blocking = gateway.OnLoopAsync(
            0,
            _ =>
            {
                isBlocked.SetResult();
                goOn.Wait();
                return true;
            }
        );
        await isBlocked.Task;
        client.Send("nobody hears"u8);
        var paused = await PauseAsync();
        goOn.Set();
        await blocking;
        _ = client.Receive("nobody hears".Length);
        await AssertChargedAsync(gateway, before, paused, new(StallOperation.Read, StallWant.Read, StallLeg.Downstream, StallCause.Self));
        client.CloseCleanly();
    }

    [Fact]
    public async Task A_client_that_pauses_in_a_rehandshake()
    {
        await using var upstream = TestUpstream.Echo();
        await using var gateway = await StartAsync(upstream);
        using var client = EngineClient.Open(gateway.EndPoint, TlsVersion.Tls12);
        client.AssertEchoes("open");
        var before = await CellsAsync(gateway);
        gateway.Connections.Tell(Rehandshake.Instance);
        _ = client.ReadHolding(new byte[100], static session => session.IsRehandshaking);
        var paused = await PauseAsync();
        client.FinishRehandshake();
        client.AssertEchoes("renegotiated");
        await AssertChargedAsync(
            gateway,
            before,
            paused,
            new(StallOperation.Rehandshake, StallWant.Read, StallLeg.Downstream, StallCause.Client)
        );
        client.CloseCleanly();
    }

    private Task<RunningGateway> StartAsync(TestUpstream upstream) =>
        RunningGateway.StartAsync(RunningGateway.Listener(_certificates.Localhost, upstream.EndPoint), loops: 1);

    /// <returns>How long it took.</returns>
    private static async Task<TimeSpan> PauseAsync()
    {
        var watch = Stopwatch.StartNew();
        await RunningGateway.UntilAsync(() => watch.Elapsed >= Pause, "the script's pause is over");
        return watch.Elapsed;
    }

    private static async Task AssertChargedAsync(RunningGateway gateway, double[] before, TimeSpan paused, StallKey key)
    {
        await RunningGateway.UntilAsync(() => gateway.Count(static c => c.Stalls.Stalled) == 0, "nothing is waited for");
        AssertCharged(await CellsAsync(gateway), before, paused, key);
    }

    private static void AssertCharged(double[] now, double[] before, TimeSpan paused, StallKey key)
    {
        var charged = now.Select((seconds, i) => seconds - before[i]).ToArray();
        var slack = paused.TotalSeconds * Tolerance;
        var shown = string.Join(
            ", ",
            charged.Select((seconds, i) => (Key: new StallKey((byte)i), seconds)).Where(static cell => cell.seconds > 0)
        );
        Assert.True(Math.Abs(charged[key.Index] - paused.TotalSeconds) <= slack, $"{paused.TotalSeconds} s of pause, charged: {shown}");
        Assert.True(charged.Sum() - charged[key.Index] <= slack, $"others are charged: {shown}");
    }

    /// <summary>The only endpoint there is has all of which the upstream is the cause, but for the moments until it is chosen. All are read on the loop that charges them.</summary>
    private static async Task AssertEndpointChargedAsync(RunningGateway gateway)
    {
        var (cells, endpoint, all) = await gateway.OnLoopAsync(
            0,
            loop =>
                (
                    Cells(gateway, loop),
                    gateway.Host.Upstreams[0].Endpoints[0].Counters.Stalled,
                    gateway.Host.Upstreams[0].Counters.Endpoints.Stalled
                )
        );
        var upstream = cells.Where(static (_, i) => new StallKey((byte)i).Cause == StallCause.Upstream).Sum();
        Assert.Equal(upstream, endpoint.TotalSeconds, Pause.TotalSeconds * Tolerance);
        Assert.Equal(endpoint, all);
    }

    /// <summary>Seconds by key. Running stalls are charged once a second, so they are charged first.</summary>
    private static Task<double[]> CellsAsync(RunningGateway gateway) => gateway.OnLoopAsync(0, loop => Cells(gateway, loop));

    private static double[] Cells(RunningGateway gateway, EventLoop loop)
    {
        foreach (var counters in gateway.Host.Metrics.Counters)
            counters.Stalls.ChargeRunning(loop.ReadTimestamp());
        return [.. Enumerable.Range(0, StallKey.Count).Select(i => gateway.Count(c => c.Stalls.Nanos(new StallKey((byte)i))) / 1e9)];
    }
}
