using System.Net.Sockets;
using Akka.Actor;
using TlsGateway.Actors;
using TlsGateway.Actors.Metrics;
using TlsGateway.Actors.Stalls;
using TlsGateway.Interop.Tests.Support;
using TlsGateway.Tls;

namespace TlsGateway.Interop.Tests;

/// <summary>
/// What the session machine is for: a handshake runs in the middle of a transfer, a write waits for the client to send, a read waits for the client to drain,
/// and no byte is lost or out of order.
/// </summary>
public sealed class RehandshakeTests : IDisposable
{
    private readonly TestCertificates _certificates = new();

    public void Dispose() => _certificates.Dispose();

    [Fact]
    public async Task A_client_that_answers_a_HelloRequest_late_holds_up_writes_and_loses_nothing()
    {
        var down = Seeded.Bytes(1, 16 * 1024 * 1024);
        var up = Seeded.Bytes(2, 1024 * 1024);
        const int UpMeanwhile = 100_000;
        var upReceived = new byte[up.Length];
        var upCount = new Counter();
        await using var upstream = TestUpstream.Duplex(down, upReceived, upCount);
        await using var gateway = await RunningGateway.StartAsync(RunningGateway.Listener(_certificates.Localhost, upstream.EndPoint));
        // A HelloRequest waits behind what the sockets hold: with a small window it comes long before the end of the data.
        using var client = EngineClient.Open(gateway.EndPoint, TlsVersion.Tls12, receiveBufferBytes: 64 * 1024);
        var downReceived = new byte[down.Length];
        var got = 1024 * 1024;
        client.Receive(got).CopyTo(downReceived, 0);

        // Records under the old keys, held back; then the HelloRequest is met, and the ClientHello that answers it is held back behind them.
        Assert.Equal(TlsStatus.Done, client.Session.Write(up.AsSpan(0, UpMeanwhile), out _));
        var heldBytes = client.Session.TxPending.Length;
        gateway.Connections.Tell(Rehandshake.Instance);
        got += client.ReadHolding(downReceived.AsSpan(got), static session => session.IsRehandshaking);
        Assert.True(client.Session.TxPending.Length > heldBytes, "no ClientHello");

        // While the gateway waits for the ClientHello, the client's data passes.
        client.FlushFirst(heldBytes);
        await RunningGateway.UntilAsync(() => upCount.Value == UpMeanwhile, "the client's data at the upstream");
        await RunningGateway.UntilAsync(() => RehandshakeSeconds(gateway) > 0, "a rehandshake stall of the client's making");

        // The handshake runs, and the gateway's write waits for the client's second flight.
        client.Flush();
        got += client.ReadHolding(downReceived.AsSpan(got), static session => !session.TxPending.IsEmpty);
        var before = RehandshakeSeconds(gateway);
        await RunningGateway.UntilAsync(() => RehandshakeSeconds(gateway) > before, "the stall goes on");

        client.Exchange(up.AsSpan(UpMeanwhile), downReceived.AsSpan(got));
        await RunningGateway.UntilAsync(() => upCount.Value == up.Length, "all of the client's data at the upstream");
        Assert.True(down.AsSpan().SequenceEqual(downReceived), "the client got something else than the upstream sent");
        Assert.True(up.AsSpan().SequenceEqual(upReceived), "the upstream got something else than the client sent");
        client.CloseCleanly();
        await gateway.UntilClosedAsync(CloseReason.Completed);
        Assert.Equal(1, gateway.Count(static c => c.Rehandshakes));
    }

    [Fact]
    public async Task An_upstream_that_ends_in_the_middle_of_a_rehandshake_still_ends_cleanly()
    {
        var end = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var upstream = new TestUpstream(async socket =>
        {
            await TestUpstream.SendAllAsync(socket, new byte[1000]);
            await end.Task;
            socket.Shutdown(SocketShutdown.Send);
            ended.SetResult();
            _ = await socket.ReceiveAsync(new byte[1]);
        });
        await using var gateway = await RunningGateway.StartAsync(RunningGateway.Listener(_certificates.Localhost, upstream.EndPoint));
        using var client = EngineClient.Open(gateway.EndPoint, TlsVersion.Tls12);
        _ = client.Receive(1000);
        gateway.Connections.Tell(Rehandshake.Instance);
        _ = client.ReadHolding(new byte[1000], static session => session.IsRehandshaking);
        client.Flush();
        // The gateway's flight is here, ours is held back; now the upstream ends.
        _ = client.ReadHolding(new byte[1000], static session => !session.TxPending.IsEmpty);
        end.SetResult();
        await ended.Task.WaitAsync(RunningGateway.Patience);
        // A sign that the gateway has seen it: its loops have gone round since.
        await RunningGateway.UntilAsync(() => RehandshakeSeconds(gateway) > 0, "a rehandshake stall of the client's making");

        client.Flush();
        Assert.Equal((TlsStatus.Closed, TlsFailure.None), (client.ReadToEnd(), client.Session.Failure));
        client.CloseCleanly();
        await gateway.UntilClosedAsync(CloseReason.Completed);
        Assert.Equal(1, gateway.Count(static c => c.Rehandshakes));
    }

    [Fact]
    public async Task Rehandshakes_follow_one_another_in_a_transfer_both_ways()
    {
        const int BytesBetween = 1024 * 1024;
        var down = Seeded.Bytes(3, 32 * 1024 * 1024);
        var up = Seeded.Bytes(4, 32 * 1024 * 1024);
        var upReceived = new byte[up.Length];
        var downReceived = new byte[down.Length];
        var upCount = new Counter();
        await using var upstream = TestUpstream.Duplex(down, upReceived, upCount);
        await using var gateway = await RunningGateway.StartAsync(RunningGateway.Listener(_certificates.Localhost, upstream.EndPoint));
        // A HelloRequest waits behind what the sockets hold: a small window lets more of them through.
        using var client = EngineClient.Open(gateway.EndPoint, TlsVersion.Tls12, receiveBufferBytes: 64 * 1024);
        var next = BytesBetween;
        client.Exchange(
            up,
            downReceived,
            onReceived: received =>
            {
                if (received < next)
                    return;
                next += BytesBetween;
                gateway.Connections.Tell(Rehandshake.Instance);
            }
        );
        await RunningGateway.UntilAsync(() => upCount.Value == up.Length, "all of the client's data at the upstream");
        Assert.True(down.AsSpan().SequenceEqual(downReceived), "the client got something else than the upstream sent");
        Assert.True(up.AsSpan().SequenceEqual(upReceived), "the upstream got something else than the client sent");
        Assert.InRange(gateway.Count(static c => c.Rehandshakes), 2, down.Length / BytesBetween);
        client.CloseCleanly();
        await gateway.UntilClosedAsync(CloseReason.Completed);
    }

    [Fact]
    public async Task A_client_that_asks_for_keys_and_does_not_read_blocks_reads_on_writes_and_loses_nothing()
    {
        // Each request is answered with 27 bytes: this many fill the output, 264 KiB, twice.
        const int MostKeyUpdates = 20_000;
        const int Batch = 500;
        var down = Seeded.Bytes(5, 8 * 1024 * 1024);
        var up = Seeded.Bytes(6, MostKeyUpdates + 100_000);
        var upReceived = new byte[up.Length];
        var upCount = new Counter();
        await using var upstream = TestUpstream.Duplex(down, upReceived, upCount);
        var listener = RunningGateway.Listener(_certificates.Localhost, upstream.EndPoint);
        await using var gateway = await RunningGateway.StartAsync(
            listener with
            {
                Tls = listener.Tls with { Limits = new TlsLimits { MaxKeyUpdates = MostKeyUpdates } },
            }
        );
        using var client = EngineClient.Open(gateway.EndPoint, TlsVersion.Tls13, receiveBufferBytes: 4096);
        await RunningGateway.UntilAsync(
            () => gateway.StallSeconds(StallOperation.Write, StallWant.Write, StallLeg.Downstream, StallCause.Client) > 0,
            "a write stall of the client's making"
        );

        // Requests with a byte of data behind each, until the answers fill the output. What is blocked then is little, so that the client can send it all.
        var sent = 0;
        while (ReadOnWriteSeconds(gateway) == 0)
        {
            Assert.True(sent < MostKeyUpdates, "the read was never blocked");
            for (var i = 0; i < Batch; i++, sent++)
            {
                Assert.Equal(TlsStatus.Done, client.Session.KeyUpdate(askPeer: true));
                client.Send(up.AsSpan(sent, 1));
            }

            await RunningGateway.UntilAsync(
                () => upCount.Value == sent || ReadOnWriteSeconds(gateway) > 0,
                () => $"{sent} bytes at the upstream, {upCount.Value} came, or a read that waits for room"
            );
        }

        Assert.True(upCount.Value < sent, "the read was not held up");

        var downReceived = new byte[down.Length];
        client.Exchange(up.AsSpan(sent), downReceived);
        await RunningGateway.UntilAsync(() => upCount.Value == up.Length, "all of the client's data at the upstream");
        Assert.True(down.AsSpan().SequenceEqual(downReceived), "the client got something else than the upstream sent");
        Assert.True(up.AsSpan().SequenceEqual(upReceived), "the upstream got something else than the client sent");
        Assert.Equal(sent, gateway.Count(static c => c.KeyUpdatesReceived));
        client.CloseCleanly();
        await gateway.UntilClosedAsync(CloseReason.Completed);
    }

    private static double ReadOnWriteSeconds(RunningGateway gateway) =>
        gateway.StallSeconds(StallOperation.Read, StallWant.Write, StallLeg.Downstream, StallCause.Client);

    private static double RehandshakeSeconds(RunningGateway gateway) =>
        gateway.StallSeconds(StallOperation.Rehandshake, StallWant.Read, StallLeg.Downstream, StallCause.Client);
}
