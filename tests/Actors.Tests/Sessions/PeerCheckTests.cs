using TlsGateway.Actors.Sessions;
using TlsGateway.Actors.Stalls;
using TlsGateway.Tls;

namespace TlsGateway.Actors.Tests.Sessions;

/// <summary>A client whose certificate is looked up elsewhere: nothing is relayed before the answer.</summary>
public sealed class PeerCheckTests
{
    private static SessionFacts Good => default;

    [Fact]
    public void Nothing_is_opened_or_read_before_the_answer()
    {
        var s = Checking();
        s.Receives(IncomingBytes.Some);
        Assert.Equal([SessionAction.ReceiveHello, SessionAction.Handshake], s.Done);
        s.OnRead(TlsStatus.Done, 5).OnRead(TlsStatus.WantRead);
        s.Tell(() => SessionMachine.PeerCheckEnded(ref s.State, Good));
        Assert.Equal(
            [SessionAction.OpenUpstream, SessionAction.Read, SessionAction.Read, SessionAction.Receive, SessionAction.Read],
            s.Done.Skip(2)
        );
    }

    [Fact]
    public void A_refusal_sends_its_alert_and_opens_no_upstream()
    {
        var s = Checking();
        s.Tell(() =>
            SessionMachine.PeerCheckEnded(
                ref s.State,
                Good with
                {
                    TxPending = true,
                    Failure = new TlsFailure(TlsFailureKind.CertificateRejected, 44, "revoked"),
                }
            )
        );
        Assert.Equal([SessionAction.Send, SessionAction.ShutdownSocket], s.Done.Skip(2));
        s.Receives(IncomingBytes.End);
        Assert.Equal([CloseReason.CertificateRejected], s.ClosedWith);
    }

    [Fact]
    public void The_wait_is_charged_to_neither_peer()
    {
        var s = Checking();
        s.Advance(30);
        s.Tell(() => SessionMachine.PeerCheckEnded(ref s.State, Good));
        var key = new StallKey(StallOperation.Handshake, StallWant.Read, StallLeg.Downstream, StallCause.Self);
        Assert.Equal(30, s.Totals.Nanos(key));
        Assert.Equal(0, s.Stalls.NanosOf(StallCause.Client));
    }

    [Fact]
    public void A_later_check_holds_both_directions_until_its_answer()
    {
        var s = ScriptedSession.Opened();
        SessionMachine.PeerCheckBegan(ref s.State);
        s.DataArrives();
        s.Receives(IncomingBytes.Some);
        Assert.Empty(s.Done);
        s.Tell(() => SessionMachine.PeerCheckEnded(ref s.State, Good));
        Assert.Contains(SessionAction.Write, s.Done);
        Assert.Contains(SessionAction.Receive, s.Done);
    }

    [Fact]
    public void An_answer_that_comes_too_late_changes_nothing()
    {
        var s = Checking();
        s.Tell(() => SessionMachine.Expired(ref s.State, CloseReason.HandshakeTimeout));
        s.Tell(() =>
            SessionMachine.PeerCheckEnded(
                ref s.State,
                Good with
                {
                    Failure = new TlsFailure(TlsFailureKind.CertificateRejected, 44, "revoked"),
                }
            )
        );
        s.Receives(IncomingBytes.End);
        Assert.Equal([CloseReason.HandshakeTimeout], s.ClosedWith);
    }

    /// <summary>The handshake is done, the answer is awaited.</summary>
    private static ScriptedSession Checking()
    {
        var s = new ScriptedSession();
        s.OnHandshake(TlsStatus.Done, () => SessionMachine.PeerCheckBegan(ref s.State));
        s.Receives(IncomingBytes.Some);
        return s;
    }
}
