using CsCheck;
using TlsGateway.Actors.Sessions;
using TlsGateway.Tests;
using TlsGateway.Tls;

namespace TlsGateway.Actors.Tests.Sessions;

public sealed class SessionMachineTests
{
    [Fact]
    public void A_write_blocked_on_read_is_reissued_first_and_reading_follows_only_when_it_got_through()
    {
        var s = ScriptedSession.Opened();
        s.OnWrite(TlsStatus.WantRead, dataLeft: true, () => s.Rehandshaking = true);
        s.DataArrives();
        Assert.Equal(Blocked.WriteOnRead, s.State.Blocked & Blocked.WriteOnRead);

        // The client's next flight: the write is tried before any read, still blocked, and no read may pass it.
        s.Done.Clear();
        s.OnWrite(TlsStatus.WantRead, dataLeft: true);
        s.Receives(IncomingBytes.Some);
        Assert.Equal([SessionAction.Receive, SessionAction.Write, SessionAction.Send], s.Done);
        Assert.Equal(Blocked.WriteOnRead, s.State.Blocked & Blocked.WriteOnRead);

        // The last flight: the write gets through, and then what the client sent meanwhile is read.
        s.Done.Clear();
        s.OnWrite(TlsStatus.Done, also: () => s.Rehandshaking = false).OnRead(TlsStatus.WantRead, bytes: 5);
        s.Receives(IncomingBytes.Some);
        Assert.Equal([SessionAction.Receive, SessionAction.Write, SessionAction.Send, SessionAction.Read], s.Done);
        Assert.Equal(Blocked.ReadOnRead, s.State.Blocked);
        Assert.Equal(ScriptedSession.Credit - 5, s.State.Credit);
    }

    [Fact]
    public void A_read_blocked_on_write_buffers_input_and_is_reissued_before_pending_writes_when_there_is_room()
    {
        var s = ScriptedSession.Opened();
        s.SocketHasRoom = false;
        s.OnRead(TlsStatus.WantWrite, also: () => s.TxPending = true);
        s.Receives(IncomingBytes.Some);
        Assert.Equal(Blocked.ReadOnWrite, s.State.Blocked & Blocked.ReadOnWrite);

        // More input while blocked: taken from the socket, not read.
        s.Done.Clear();
        s.Receives(IncomingBytes.Some);
        Assert.Equal([SessionAction.Receive], s.Done);

        // Data to write comes too; its write finds no room either.
        s.OnWrite(TlsStatus.WantWrite, dataLeft: true);
        s.DataArrives();

        s.Done.Clear();
        s.OnRead(TlsStatus.WantRead).OnWrite(TlsStatus.Done);
        s.BecomesWritable();
        Assert.Equal([SessionAction.Send, SessionAction.Read, SessionAction.Write, SessionAction.Send], s.Done);
        Assert.Equal(Blocked.ReadOnRead, s.State.Blocked);
    }

    [Fact]
    public void A_blocked_write_lets_a_read_pass_only_when_what_came_meanwhile_fills_its_room()
    {
        var s = ScriptedSession.Opened();
        s.OnWrite(TlsStatus.WantRead, dataLeft: true, () => s.Rehandshaking = true);
        s.DataArrives();
        s.Done.Clear();
        s.OnWrite(TlsStatus.WantRead, dataLeft: true, () => s.MustReadFirst = true);
        s.OnRead(TlsStatus.WantRead, bytes: 9, () => s.MustReadFirst = false).OnWrite(TlsStatus.Done);
        s.Receives(IncomingBytes.Some);
        Assert.Equal(
            [SessionAction.Receive, SessionAction.Write, SessionAction.Send, SessionAction.Read, SessionAction.Write, SessionAction.Send],
            s.Done
        );
    }

    [Fact]
    public void Each_blocked_call_keeps_the_instant_at_which_it_was_blocked()
    {
        var s = ScriptedSession.Opened();
        s.Advance(70);
        s.OnWrite(TlsStatus.WantRead, dataLeft: true);
        s.DataArrives();
        Assert.Equal(70, s.State.BlockedSince(Blocked.WriteOnRead));
        Assert.Equal(0, s.State.BlockedSince(Blocked.ReadOnRead));
        Assert.Equal(-1, s.State.BlockedSince(Blocked.WriteOnWrite));
    }

    [Fact]
    public void A_handshake_that_wants_write_goes_on_when_there_is_room_and_one_that_wants_read_when_bytes_come()
    {
        var s = new ScriptedSession { SocketHasRoom = false };
        s.OnHandshake(TlsStatus.WantWrite, () => s.TxPending = true).OnHandshake(TlsStatus.WantRead).OnHandshake(TlsStatus.Done);
        s.Receives(IncomingBytes.Some);
        Assert.Equal(Blocked.HandshakeOnWrite, s.State.Blocked);
        s.BecomesWritable();
        Assert.Equal(Blocked.HandshakeOnRead, s.State.Blocked);
        s.Receives(IncomingBytes.Some);
        Assert.Equal(SessionPhase.Open, s.State.Phase);
    }

    [Fact]
    public void Without_credit_nothing_is_read_or_received_until_the_upstream_takes_more()
    {
        var s = ScriptedSession.Opened();
        s.OnRead(TlsStatus.Done, bytes: ScriptedSession.Credit, also: () => s.RxBuffered = true);
        s.Receives(IncomingBytes.Some);
        Assert.Equal(0, s.State.Credit);

        s.Done.Clear();
        s.Receives(IncomingBytes.Some);
        Assert.Empty(s.Done);

        s.Tell(() => SessionMachine.CreditGranted(ref s.State, 10));
        Assert.Equal([SessionAction.Read, SessionAction.Receive, SessionAction.Read], s.Done);
    }

    [Fact]
    public void Half_close_by_the_client_lets_the_upstream_finish()
    {
        var s = ScriptedSession.Opened();
        s.OnRead(TlsStatus.Closed);
        s.Receives(IncomingBytes.Some);
        Assert.Contains(SessionAction.CloseUpstream, s.Done);
        Assert.Equal(SessionPhase.Open, s.State.Phase);

        s.DataArrives();
        s.Tell(() => SessionMachine.UpstreamWasFlushed(ref s.State));
        s.Tell(() => SessionMachine.UpstreamEnded(ref s.State));
        Assert.Equal([SessionAction.Shutdown, SessionAction.Send, SessionAction.Close], s.Done.TakeLast(3));
        Assert.Equal([CloseReason.Completed], s.ClosedWith);
    }

    [Fact]
    public void Half_close_by_the_upstream_sends_close_notify_and_goes_on_reading()
    {
        var s = ScriptedSession.Opened();
        s.Tell(() => SessionMachine.UpstreamEnded(ref s.State));
        Assert.Equal([SessionAction.Shutdown, SessionAction.Send, SessionAction.ShutdownSocket], s.Done);

        s.OnRead(TlsStatus.WantRead, bytes: 3);
        s.Receives(IncomingBytes.Some);
        Assert.Equal(ScriptedSession.Credit - 3, s.State.Credit);

        s.OnRead(TlsStatus.Closed);
        s.Receives(IncomingBytes.Some);
        s.Tell(() => SessionMachine.UpstreamWasFlushed(ref s.State));
        Assert.Equal([CloseReason.Completed], s.ClosedWith);
    }

    [Fact]
    public void Close_notify_waits_for_the_data_before_it()
    {
        var s = ScriptedSession.Opened();
        s.SocketHasRoom = false;
        s.OnWrite(TlsStatus.WantWrite, dataLeft: true);
        s.DataArrives();
        s.Tell(() => SessionMachine.UpstreamEnded(ref s.State));
        Assert.DoesNotContain(SessionAction.Shutdown, s.Done);
        s.Done.Clear();
        s.BecomesWritable();
        Assert.Equal(
            [SessionAction.Send, SessionAction.Write, SessionAction.Shutdown, SessionAction.Send, SessionAction.ShutdownSocket],
            s.Done
        );
    }

    [Fact]
    public void An_end_without_close_notify_is_a_truncation_and_the_upstream_still_gets_what_came_before()
    {
        var s = ScriptedSession.Opened();
        s.OnRead(TlsStatus.Error, also: () => s.Failure = new TlsFailure(TlsFailureKind.Truncated, -1, ""));
        s.Receives(IncomingBytes.End);
        Assert.Contains(SessionAction.CloseUpstream, s.Done);
        Assert.Empty(s.ClosedWith);
        s.Tell(() => SessionMachine.UpstreamWasFlushed(ref s.State));
        Assert.Equal([CloseReason.ClientTruncated], s.ClosedWith);
    }

    [Fact]
    public void A_client_that_just_closes_after_our_close_notify_has_completed()
    {
        var s = ScriptedSession.Opened();
        s.Tell(() => SessionMachine.UpstreamEnded(ref s.State));
        s.OnRead(TlsStatus.Error, also: () => s.Failure = new TlsFailure(TlsFailureKind.Truncated, -1, ""));
        s.Receives(IncomingBytes.End);
        s.Tell(() => SessionMachine.UpstreamWasFlushed(ref s.State));
        Assert.Equal([CloseReason.Completed], s.ClosedWith);
    }

    [Fact]
    public void A_failed_handshake_sends_its_alert_then_waits_for_the_client_to_close()
    {
        var s = new ScriptedSession();
        s.OnHandshake(
            TlsStatus.Error,
            () =>
            {
                s.TxPending = true;
                s.Failure = new TlsFailure(TlsFailureKind.NoCommonCipherSuite, 40, "no shared cipher");
            }
        );
        s.Receives(IncomingBytes.Some);
        Assert.Equal([SessionAction.ReceiveHello, SessionAction.Handshake, SessionAction.Send, SessionAction.ShutdownSocket], s.Done);
        s.Receives(IncomingBytes.End);
        Assert.Equal([CloseReason.NoCommonCipherSuite], s.ClosedWith);
    }

    [Fact]
    public void A_failed_upstream_ends_without_close_notify_after_what_it_sent()
    {
        var s = ScriptedSession.Opened();
        s.SocketHasRoom = false;
        s.OnWrite(TlsStatus.WantWrite, dataLeft: true);
        s.DataArrives();
        s.Tell(() => SessionMachine.UpstreamFailed(ref s.State, CloseReason.UpstreamReset));
        s.Done.Clear();
        s.BecomesWritable();
        Assert.Equal([SessionAction.Send, SessionAction.Write, SessionAction.Send, SessionAction.ShutdownSocket], s.Done);
        s.Receives(IncomingBytes.End);
        Assert.Equal([CloseReason.UpstreamReset], s.ClosedWith);
    }

    [Theory]
    [InlineData(FirstBytes.PlainHttp, CloseReason.PlainHttp)]
    [InlineData(FirstBytes.NotTls, CloseReason.NotTls)]
    internal void What_is_not_TLS_is_ended_with_its_own_reason(FirstBytes kind, CloseReason reason)
    {
        var state = SessionMachine.Accepted(1);
        SessionMachine.BecameReadable(ref state);
        SessionMachine.Received(ref state, more: false);
        SessionMachine.HelloSeen(ref state, kind);
        Assert.Equal(SessionAction.ShutdownSocket, SessionMachine.Next(state));
        SessionMachine.SocketWasShut(ref state);
        SessionMachine.ReceivedEof(ref state);
        Assert.Equal(SessionAction.Close, SessionMachine.Next(state));
        Assert.Equal(reason, state.Reason);
    }

    [Theory]
    [InlineData(SessionPhase.PeekingHello)]
    [InlineData(SessionPhase.Handshaking)]
    internal void A_handshake_that_expires_is_closed_at_once(SessionPhase phase)
    {
        var s = new ScriptedSession();
        if (phase == SessionPhase.Handshaking)
            s.Receives(IncomingBytes.Some);
        Assert.Equal(phase, s.State.Phase);
        s.Tell(() => SessionMachine.Expired(ref s.State, CloseReason.HandshakeTimeout));
        Assert.Equal([CloseReason.HandshakeTimeout], s.ClosedWith);
    }

    [Fact]
    public void An_idle_connection_that_expires_says_close_notify_and_is_closed_for_good_when_the_client_does_not()
    {
        var s = ScriptedSession.Opened();
        s.Tell(() => SessionMachine.Expired(ref s.State, CloseReason.IdleTimeout));
        Assert.Equal([SessionAction.Shutdown, SessionAction.Send, SessionAction.CloseUpstream, SessionAction.ShutdownSocket], s.Done);
        s.Tell(() => SessionMachine.Expired(ref s.State, CloseReason.ShutdownTimeout));
        Assert.Equal([CloseReason.IdleTimeout], s.ClosedWith);
    }

    [Fact]
    public void Any_order_of_events_ends_in_waiting_or_closing_and_closing_is_final()
    {
        Seeded.ForAll(
            Gen.Int[0, 13].Array[1, 60],
            iterations: 20_000,
            seed: 1,
            events =>
            {
                var s = new ScriptedSession();
                foreach (var e in events)
                {
                    if (s.State.Phase == SessionPhase.Closed)
                        break;
                    s.Advance(1);
                    Apply(s, e);
                }

                if (s.State.Phase == SessionPhase.Closed)
                {
                    Assert.Single(s.ClosedWith);
                    Assert.NotEqual(CloseReason.None, s.ClosedWith[0]);
                    Assert.Equal(0UL, s.Stalls.Active);
                }
            }
        );
    }

    private static void Apply(ScriptedSession s, int e)
    {
        switch (e)
        {
            case 0 or 1:
                s.OnHandshake(TlsStatus.Done);
                s.Receives(IncomingBytes.Some);
                break;
            case 2:
                s.Receives(IncomingBytes.End);
                break;
            case 3:
                s.OnRead(TlsStatus.WantWrite, also: () => s.TxPending = true);
                s.Receives(IncomingBytes.Some);
                break;
            case 4:
                s.OnRead(TlsStatus.Closed);
                s.Receives(IncomingBytes.Some);
                break;
            case 5:
                s.OnWrite(TlsStatus.WantRead, dataLeft: true);
                s.DataArrives();
                break;
            case 6:
                s.OnWrite(TlsStatus.WantWrite, dataLeft: true);
                s.DataArrives();
                break;
            case 7:
                s.SocketHasRoom = false;
                s.DataArrives();
                break;
            case 8:
                s.BecomesWritable();
                break;
            case 9:
                s.Tell(() => SessionMachine.UpstreamEnded(ref s.State));
                break;
            case 10:
                s.Tell(() => SessionMachine.UpstreamWasFlushed(ref s.State));
                break;
            case 11:
                s.Tell(() => SessionMachine.UpstreamFailed(ref s.State, CloseReason.UpstreamReset));
                break;
            case 12:
                s.OnRead(TlsStatus.Error, also: () => s.Failure = new TlsFailure(TlsFailureKind.ProtocolViolation, 10, ""));
                s.Receives(IncomingBytes.Some);
                break;
            default:
                s.Tell(() => SessionMachine.Expired(ref s.State, CloseReason.IdleTimeout));
                break;
        }
    }
}
