using TlsGateway.Actors;
using TlsGateway.Actors.Stalls;
using TlsGateway.Interop.Tests.Support;
using TlsGateway.Tls;

namespace TlsGateway.Interop.Tests;

/// <summary>Stall time over real sockets names the operation, what it wants, and whose making it is.</summary>
public sealed class StallTests : IDisposable
{
    private readonly TestCertificates _certificates = new();

    public void Dispose() => _certificates.Dispose();

    [Theory]
    [InlineData(TlsVersion.Tls12)]
    [InlineData(TlsVersion.Tls13)]
    public async Task Half_a_record_is_a_read_stall_of_the_clients_making(TlsVersion version)
    {
        await using var upstream = TestUpstream.Echo();
        await using var gateway = await RunningGateway.StartAsync(RunningGateway.Listener(_certificates.Localhost, upstream.EndPoint));
        using var client = EngineClient.Open(gateway.EndPoint, version);
        client.AssertEchoes("whole");
        Assert.Equal(0, ClientReadSeconds(gateway));

        Assert.Equal(TlsStatus.Done, client.Session.Write(new byte[1000], out _));
        client.FlushFirst(500);
        await RunningGateway.UntilAsync(() => ClientReadSeconds(gateway) > 0, "a read stall of the client's making");
        Assert.Equal(1, gateway.Count(static c => c.Stalls.Stalled));

        client.Flush();
        Assert.Equal(new byte[1000], client.Receive(1000));
        client.CloseCleanly();
        await gateway.UntilClosedAsync(CloseReason.Completed);
    }

    [Fact]
    public async Task An_upstream_that_does_not_read_is_a_write_stall_of_the_upstreams_making()
    {
        var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var up = Seeded.Bytes(1, 24 * 1024 * 1024);
        var upReceived = new byte[up.Length];
        var upCount = new Counter();
        await using var upstream = new TestUpstream(
            async socket =>
            {
                await release.Task;
                while (await socket.ReceiveAsync(upReceived.AsMemory((int)upCount.Value)) is > 0 and var read)
                    upCount.Add(read);
            },
            // Without it a kernel with large buffers takes all of it, and nothing stalls.
            receiveBufferBytes: 64 * 1024
        );
        await using var gateway = await RunningGateway.StartAsync(RunningGateway.Listener(_certificates.Localhost, upstream.EndPoint));
        using var client = EngineClient.Open(gateway.EndPoint);
        var sending = Task.Run(() => client.Exchange(up, []));
        await RunningGateway.UntilAsync(
            () =>
                gateway.StallSeconds(StallOperation.Write, StallWant.Write, StallLeg.Upstream, StallCause.Upstream) > 0
                && gateway.StallSeconds(StallOperation.Read, StallWant.Write, StallLeg.Downstream, StallCause.Upstream) > 0,
            () =>
                $"a write stall and a paused read of the upstream's making: {gateway.Describe()}; nanoseconds {string.Join(' ', AllNanos(gateway))}"
        );
        Assert.Equal(0, gateway.StallSeconds(StallOperation.Write, StallWant.Write, StallLeg.Downstream, StallCause.Client));

        release.SetResult();
        await sending.WaitAsync(RunningGateway.Patience);
        client.CloseCleanly();
        await gateway.UntilClosedAsync(CloseReason.Completed);
        Assert.Equal(up.Length, upCount.Value);
        Assert.True(up.AsSpan().SequenceEqual(upReceived), "the upstream got something else than the client sent");
    }

    [Fact]
    public async Task An_idle_connection_accrues_no_stall()
    {
        await using var upstream = TestUpstream.Echo();
        await using var gateway = await RunningGateway.StartAsync(
            RunningGateway.Listener(_certificates.Localhost, upstream.EndPoint),
            loops: 1
        );
        using var idle = EngineClient.Open(gateway.EndPoint);
        idle.AssertEchoes("then nothing");
        using var slow = EngineClient.Open(gateway.EndPoint);
        slow.AssertEchoes("then half a record");
        Assert.Equal(TlsStatus.Done, slow.Session.Write(new byte[1000], out _));
        slow.FlushFirst(500);
        await RunningGateway.UntilAsync(() => ClientReadSeconds(gateway) > 0, "the slow connection's stall");
        var all = AllNanos(gateway);
        var slowly = ClientReadSeconds(gateway);

        // The slow connection is the clock: what it is charged is all that is charged.
        await RunningGateway.UntilAsync(() => ClientReadSeconds(gateway) > slowly + 1, "a second of the slow connection's stall");
        var charged = AllNanos(gateway).Select((nanos, i) => nanos - all[i]).ToArray();
        var slowKey = new StallKey(StallOperation.Read, StallWant.Read, StallLeg.Downstream, StallCause.Client);
        Assert.Equal(charged[slowKey.Index], charged.Sum());
        Assert.Equal(1, gateway.Count(static c => c.Stalls.Stalled));

        slow.Flush();
        _ = slow.Receive(1000);
        slow.CloseCleanly();
        idle.AssertEchoes("still there");
        idle.CloseCleanly();
        await gateway.UntilClosedAsync(CloseReason.Completed, 2);
    }

    private static double ClientReadSeconds(RunningGateway gateway) =>
        gateway.StallSeconds(StallOperation.Read, StallWant.Read, StallLeg.Downstream, StallCause.Client);

    private static long[] AllNanos(RunningGateway gateway) =>
        [.. Enumerable.Range(0, StallKey.Count).Select(i => gateway.Count(c => c.Stalls.Nanos(new StallKey((byte)i))))];
}
