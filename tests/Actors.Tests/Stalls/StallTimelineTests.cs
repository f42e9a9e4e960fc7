using TlsGateway.Actors.Sessions;
using TlsGateway.Actors.Stalls;
using TlsGateway.Actors.Tests.Sessions;
using TlsGateway.Tls;

namespace TlsGateway.Actors.Tests.Stalls;

/// <summary>Whole lives of a connection on a test clock: who is charged for which part.</summary>
public sealed class StallTimelineTests
{
    private static long Charged(ScriptedSession s, StallOperation operation, StallWant want, StallLeg leg, StallCause cause) =>
        s.Totals.Nanos(new StallKey(operation, want, leg, cause));

    [Fact]
    public void An_idle_connection_is_charged_nothing()
    {
        var s = ScriptedSession.Opened();
        s.Advance(1_000_000);
        s.Totals.ChargeRunning(s.Now);
        Assert.Equal(0, Enum.GetValues<StallCause>().Sum(s.Stalls.NanosOf));
        Assert.Equal(0UL, s.Stalls.Active);
    }

    [Fact]
    public void A_slow_handshake_is_the_clients_and_the_loops_delay_ours()
    {
        var s = new ScriptedSession();
        s.Run();
        s.Advance(100);
        s.OnHandshake(TlsStatus.WantRead);
        s.Receives(IncomingBytes.Some, delay: 7);
        s.Advance(50);
        s.OnHandshake(TlsStatus.Done);
        s.Receives(IncomingBytes.Some, delay: 3);
        Assert.Equal(150, Charged(s, StallOperation.Handshake, StallWant.Read, StallLeg.Downstream, StallCause.Client));
        Assert.Equal(10, Charged(s, StallOperation.Handshake, StallWant.Read, StallLeg.Downstream, StallCause.Self));
        Assert.Equal(160, s.Now);
    }

    [Fact]
    public void A_record_partly_received_is_a_read_stall_of_the_client()
    {
        var s = ScriptedSession.Opened();
        s.Advance(1000);
        s.OnRead(TlsStatus.WantRead, also: () => s.MidRecord = true);
        s.Receives(IncomingBytes.Some);
        s.Advance(40);
        s.OnRead(TlsStatus.WantRead, bytes: 10, also: () => s.MidRecord = false);
        s.Receives(IncomingBytes.Some);
        s.Advance(1000);
        s.Totals.ChargeRunning(s.Now);
        Assert.Equal(40, Charged(s, StallOperation.Read, StallWant.Read, StallLeg.Downstream, StallCause.Client));
        Assert.Equal(40, Enum.GetValues<StallCause>().Sum(s.Stalls.NanosOf));
    }

    [Fact]
    public void A_client_that_does_not_drain_is_a_write_stall_of_the_client()
    {
        var s = ScriptedSession.Opened();
        s.SocketHasRoom = false;
        s.DataArrives();
        s.Advance(25);
        s.BecomesWritable(delay: 5);
        Assert.Equal(25, Charged(s, StallOperation.Write, StallWant.Write, StallLeg.Downstream, StallCause.Client));
        Assert.Equal(5, Charged(s, StallOperation.Write, StallWant.Write, StallLeg.Downstream, StallCause.Self));
    }

    [Fact]
    public void A_rehandshake_that_holds_up_a_write_is_charged_as_rehandshake()
    {
        var s = ScriptedSession.Opened();
        s.OnWrite(TlsStatus.WantRead, dataLeft: true, () => s.Rehandshaking = true);
        s.DataArrives();
        s.Advance(60);
        s.OnWrite(TlsStatus.Done, also: () => s.Rehandshaking = false);
        s.Receives(IncomingBytes.Some);
        Assert.Equal(60, Charged(s, StallOperation.Rehandshake, StallWant.Read, StallLeg.Downstream, StallCause.Client));
    }

    [Fact]
    public void A_read_paused_for_lack_of_credit_is_the_upstreams()
    {
        var s = ScriptedSession.Opened();
        s.OnRead(TlsStatus.Done, bytes: ScriptedSession.Credit);
        s.Receives(IncomingBytes.Some);
        s.Advance(80);
        s.Tell(() => SessionMachine.CreditGranted(ref s.State, ScriptedSession.Credit));
        s.Advance(1000);
        Assert.Equal(80, Charged(s, StallOperation.Read, StallWant.Write, StallLeg.Downstream, StallCause.Upstream));
        Assert.Equal(80, Enum.GetValues<StallCause>().Sum(s.Stalls.NanosOf));
    }

    [Fact]
    public void The_causes_add_up_to_the_non_idle_life()
    {
        var s = new ScriptedSession();
        s.Run();
        long nonIdle = 0;

        s.Advance(11); // silent client
        nonIdle += 11;
        s.OnHandshake(TlsStatus.Done);
        s.Receives(IncomingBytes.Some, delay: 2);
        nonIdle += 2;

        s.Advance(100); // idle

        s.SocketHasRoom = false;
        s.DataArrives();
        s.Advance(13); // client does not drain
        nonIdle += 13;
        s.OnRead(TlsStatus.Done, bytes: ScriptedSession.Credit);
        s.Receives(IncomingBytes.Some, delay: 4); // and meanwhile sends more than the upstream takes
        nonIdle += 4;
        s.Advance(17);
        nonIdle += 17;
        s.BecomesWritable(delay: 1);
        nonIdle += 1;
        s.Advance(19); // credit is still out
        nonIdle += 19;
        s.Tell(() => SessionMachine.CreditGranted(ref s.State, ScriptedSession.Credit));

        s.Advance(100); // idle

        s.Tell(() => SessionMachine.UpstreamEnded(ref s.State));
        s.Tell(() => SessionMachine.Expired(ref s.State, CloseReason.IdleTimeout));
        s.Advance(23); // the client owes its close
        nonIdle += 23;
        s.Receives(IncomingBytes.End);
        s.Tell(() => SessionMachine.UpstreamWasFlushed(ref s.State));

        Assert.Equal(SessionPhase.Closed, s.State.Phase);
        Assert.Equal(nonIdle, Enum.GetValues<StallCause>().Sum(s.Stalls.NanosOf));
        Assert.Equal(nonIdle + 200, s.Now);
    }
}
