using CsCheck;
using TlsGateway.Actors.Sessions;
using TlsGateway.Actors.Stalls;
using TlsGateway.Tests;
using TlsGateway.Tls;

namespace TlsGateway.Actors.Tests.Sessions;

/// <summary>The machine with the real engine: the two flags that the project grew from, set by OpenSSL itself and cleared in the right order.</summary>
public sealed class EngineMachineTests
{
    [Theory]
    [InlineData(int.MaxValue)]
    [InlineData(1)]
    public void A_write_blocked_on_read_by_a_rehandshake_is_the_first_call_when_bytes_come(int bytesAtOnce)
    {
        using var c = EngineConnection.Open(TlsVersion.Tls12);
        c.Rehandshake();
        c.ClientReceives();
        c.ClientSends();
        c.Readable(); // the ClientHello: the gateway's flight goes out
        Assert.True(c.Gateway.IsRehandshaking);
        Assert.Equal(Blocked.ReadOnRead, c.State.Blocked);

        var down = Bytes(1, 1000);
        c.Upstream(down);
        Assert.Equal(SessionAction.Write, c.Done[^1]);
        Assert.Equal(Blocked.WriteOnRead, c.State.Blocked & Blocked.WriteOnRead);
        Assert.Equal(
            new StallKey(StallOperation.Rehandshake, StallWant.Read, StallLeg.Downstream, StallCause.Client).Mask,
            SessionStalls.Downstream.Of(c.State)
        );

        c.ClientReceives();
        Assert.Empty(c.AtClient);
        while (c.Gateway.IsRehandshaking)
        {
            c.ClientSends(bytesAtOnce);
            c.Done.Clear();
            c.Readable();
            Assert.Equal(SessionAction.Write, c.Calls.First());
        }

        // It got through, and only then was there a read.
        Assert.Equal([SessionAction.Write, SessionAction.Read], c.Calls.Take(2));
        Assert.Equal(Blocked.ReadOnRead, c.State.Blocked);
        Assert.Equal(0UL, SessionStalls.Downstream.Of(c.State));
        c.ClientReceives();
        Assert.Equal(down, c.AtClient);
        Assert.Equal(1, c.Gateway.Counters.Rehandshakes);
    }

    [Fact]
    public void A_read_blocked_on_write_by_a_KeyUpdate_is_the_first_call_when_there_is_room()
    {
        using var c = EngineConnection.Open(TlsVersion.Tls13);
        var down = Bytes(2, 600_000);
        c.ToClient.Capacity = 0;
        c.Upstream(down);
        Assert.Equal(Blocked.WriteOnWrite, c.State.Blocked & Blocked.OnWrite);

        // Each request is answered with 27 bytes, and less than a record is free.
        var up = new List<byte>();
        while ((c.State.Blocked & Blocked.ReadOnWrite) == 0)
        {
            Assert.True(up.Count < 1000, "the read was never blocked");
            AskForKeys(c, up);
            c.Readable();
        }

        Assert.Equal(
            new StallKey(StallOperation.Read, StallWant.Write, StallLeg.Downstream, StallCause.Client).Mask,
            SessionStalls.Downstream.Of(c.State)
        );

        // What comes meanwhile is taken from the socket and not read.
        var read = c.AtUpstream.Count;
        AskForKeys(c, up);
        c.Done.Clear();
        c.Readable();
        Assert.Equal([SessionAction.Receive], c.Done);
        Assert.Equal(read, c.AtUpstream.Count);

        c.Done.Clear();
        c.ToClient.Capacity = 100_000;
        c.Writable();
        Assert.Equal([SessionAction.Read, SessionAction.Write], c.Calls.Take(2));
        c.Settle();
        Assert.Equal(Blocked.ReadOnRead, c.State.Blocked);
        Assert.Equal(down, c.AtClient);
        Assert.Equal(up, c.AtUpstream);
    }

    [Theory]
    [InlineData(TlsVersion.Tls12, 3)]
    [InlineData(TlsVersion.Tls13, 4)]
    public void Whatever_the_order_of_data_handshakes_and_pieces_all_of_it_arrives_and_nothing_stays_blocked(TlsVersion version, ulong seed)
    {
        var seen = Blocked.None;
        var renewals = 0;
        Seeded.ForAll(
            Gen.Select(Gen.Int[0, 7], Gen.Int[1, 60_000]).Array[1, 40],
            iterations: 100,
            seed,
            steps =>
            {
                using var c = EngineConnection.Open(version);
                var down = new List<byte>();
                var up = new List<byte>();
                c.ToClient.Capacity = 50_000;
                for (var i = 0; i < steps.Length; i++)
                {
                    Apply(c, steps[i].Item1, steps[i].Item2, i, down, up);
                    seen |= c.State.Blocked;
                }

                c.Settle();
                Assert.True(down.SequenceEqual(c.AtClient), $"the client got {c.AtClient.Count} bytes of {down.Count}");
                Assert.True(up.SequenceEqual(c.AtUpstream), $"the upstream got {c.AtUpstream.Count} bytes of {up.Count}");
                Assert.Equal(Blocked.ReadOnRead, c.State.Blocked);
                Assert.Equal((SessionPhase.Open, false, false), (c.State.Phase, c.State.TxPending, c.State.DataPending));
                Assert.False(c.Gateway.IsRehandshaking);
                renewals += c.Gateway.Counters.Rehandshakes + c.Gateway.Counters.RxKeyUpdates;
            }
        );

        // The orders were ones that matter.
        var expected = version == TlsVersion.Tls12 ? Blocked.WriteOnRead | Blocked.WriteOnWrite : Blocked.WriteOnWrite;
        Assert.Equal(expected, seen & expected);
        Assert.True(renewals > 50, $"only {renewals} renewals");
    }

    private static void Apply(EngineConnection c, int step, int size, int seed, List<byte> down, List<byte> up)
    {
        switch (step)
        {
            case 0:
                var fromUpstream = Bytes(seed, 4 * size); // a few of them fill the output
                down.AddRange(fromUpstream);
                c.Upstream(fromUpstream);
                break;
            case 1:
                var fromClient = Bytes(seed, size);
                up.AddRange(fromClient);
                c.ClientWrites(fromClient);
                break;
            case 2:
                c.ClientSends(size);
                c.Readable();
                break;
            case 3:
                c.ClientSends(size % 700);
                c.Readable();
                break;
            case 4:
                c.ClientReceives(size);
                c.Writable();
                break;
            case 5:
                c.ClientReceives(size % 700);
                c.Writable();
                break;
            case 6:
                c.Rehandshake();
                break;
            default:
                // Refused on TLS 1.2, and blocked when the client itself has no room: both leave the session as it was.
                _ = c.Client.KeyUpdate(askPeer: true);
                break;
        }
    }

    private static void AskForKeys(EngineConnection c, List<byte> up)
    {
        Assert.Equal(TlsStatus.Done, c.Client.KeyUpdate(askPeer: true));
        byte[] data = [(byte)up.Count];
        up.AddRange(data);
        c.ClientWrites(data);
        c.ClientSends();
    }

    private static byte[] Bytes(int seed, int length)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }
}
