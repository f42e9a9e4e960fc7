using TlsGateway.Actors.Limits;
using TlsGateway.Actors.Sessions;
using TlsGateway.Actors.Stalls;
using TlsGateway.Tls;

namespace TlsGateway.Actors.Connections;

// What keeps one connection from costing too much: limits of rates, and the times that an open connection has.
internal sealed partial class TlsConnection
{
    private static readonly ulong ReceiveHeld = new StallKey(
        StallOperation.Read,
        StallWant.Read,
        StallLeg.Downstream,
        StallCause.Self
    ).Mask;
    private static readonly ulong SendHeld = new StallKey(StallOperation.Write, StallWant.Write, StallLeg.Downstream, StallCause.Self).Mask;

    private bool _receiveHeld;
    private bool _sendHeld;
    private bool _isHalfClosed;
    private long _endOfLife;
    private long _rateCheck;
    private long _bytesAtCheck;
    private long _stalledAtCheck;

    private ulong HeldStalls => (_receiveHeld ? ReceiveHeld : 0) | (_sendHeld ? SendHeld : 0);

    /// <summary>Before an engine is bothered: whether a handshake may begin. True: it may not, and the client has been told.</summary>
    private bool RefusesHandshake()
    {
        const int InternalError = 80;
        var settings = _seed.Generation.Settings;
        var reason =
            settings.MaximumLoopDelay > TimeSpan.Zero && _seed.Loop.DelayNanos > Nanos(settings.MaximumLoopDelay)
                ? CloseReason.LoopOverloaded
                : _seed.Limits?.TakeHandshake(_loop.Now) ?? CloseReason.None;
        if (reason == CloseReason.None)
            return false;
        // There is no alert for "too busy" (RFC 8446 §6.2).
        _refusal = new TlsFailure(TlsFailureKind.LimitExceeded, InternalError, "");
        _seed.Counters.CountRefused(reason);
        RefuseHello(reason);
        return true;
    }

    /// <summary>False: the limit of bytes holds the client back for a while.</summary>
    private bool MayReceive(ConnectionLimits limits)
    {
        if (_state.Phase is not (SessionPhase.Open or SessionPhase.Draining) || limits.ReceiveWait(_loop.Now) is not (> 0 and var wait))
            return true;
        _receiveHeld = true;
        SessionMachine.ReceivedNothing(ref _state);
        _actor.Throttle(_loop.Now + wait);
        return false;
    }

    private bool MaySend(ConnectionLimits limits)
    {
        if (_state.Phase is SessionPhase.PeekingHello or SessionPhase.Handshaking || limits.SendWait(_loop.Now) is not (> 0 and var wait))
            return true;
        _sendHeld = true;
        SessionMachine.SentNothing(ref _state);
        _actor.Throttle(_loop.Now + wait);
        return false;
    }

    private void OnThrottleOver()
    {
        if (_receiveHeld)
            SessionMachine.BecameReadable(ref _state);
        if (_sendHeld)
            SessionMachine.BecameWritable(ref _state);
        _receiveHeld = _sendHeld = false;
        Run();
    }

    /// <summary>From now on nothing more than the other direction is waited for.</summary>
    private void BecameHalfClosed()
    {
        _isHalfClosed = true;
        SetOpenDeadline(_loop.Now);
    }

    /// <summary>The half-closed timeout holds, not that of idleness: it is the shorter one.</summary>
    private bool IsHalfClosedSooner => _isHalfClosed && _seed.Generation.Settings.HalfClosedTimeout < _seed.Generation.Settings.IdleTimeout;

    private long IdleNanos =>
        Nanos(IsHalfClosedSooner ? _seed.Generation.Settings.HalfClosedTimeout : _seed.Generation.Settings.IdleTimeout);

    /// <summary>The next instant at which an open connection is looked at.</summary>
    private void SetOpenDeadline(long now)
    {
        var settings = _seed.Generation.Settings;
        if (settings.MaximumLifetime > TimeSpan.Zero && _endOfLife == 0)
            _endOfLife = _began + (long)(Nanos(settings.MaximumLifetime) * (1 - (Random.Shared.NextDouble() / 10)));
        if (settings.MinimumRate > 0 && _rateCheck == 0)
            BeginRateCheck(now);
        var due = _lastActivity + IdleNanos;
        if (_endOfLife > 0)
            due = Math.Min(due, _endOfLife);
        if (_rateCheck > 0)
            due = Math.Min(due, _rateCheck);
        SetDeadline(due);
    }

    private void OnOpenDeadline(long now)
    {
        if (_endOfLife > 0 && now >= _endOfLife)
            SessionMachine.Expired(ref _state, CloseReason.LifetimeExceeded);
        else if (now >= _lastActivity + IdleNanos)
            SessionMachine.Expired(ref _state, IsHalfClosedSooner ? CloseReason.HalfClosedTimeout : CloseReason.IdleTimeout);
        else if (_rateCheck > 0 && now >= _rateCheck && IsTooSlow(now))
            SessionMachine.Expired(ref _state, CloseReason.TooSlow);
        else
            SetOpenDeadline(now);
    }

    private void BeginRateCheck(long now)
    {
        _rateCheck = now + Nanos(_seed.Generation.Settings.MinimumRateTime);
        _bytesAtCheck = _receivedBytes + _sentBytes;
        _stalls.Charge(now);
        _stalledAtCheck = _stalls.NanosOf(StallCause.Client);
    }

    /// <summary>For most of the time a record or our data waited for the client, and it moved less than it had to in that time.</summary>
    private bool IsTooSlow(long now)
    {
        var settings = _seed.Generation.Settings;
        var bytes = _receivedBytes + _sentBytes - _bytesAtCheck;
        _stalls.Charge(now);
        var stalled = _stalls.NanosOf(StallCause.Client) - _stalledAtCheck;
        BeginRateCheck(now);
        return stalled > Nanos(settings.MinimumRateTime) / 2 && bytes < stalled / 1_000_000_000.0 * settings.MinimumRate;
    }
}
