using TlsGateway.Actors.Balancing;
using TlsGateway.Actors.Settings;

namespace TlsGateway.Actors.Health;

/// <summary>Decides how one endpoint is, from its checks and from how connections on it ended. No clock of its own, no I/O.</summary>
internal sealed class EndpointHealth(Endpoint endpoint)
{
    private int _passed;
    private int _failed;
    private bool _wasChecked;
    private int _doublings;
    private long _backSince;
    private TimeSpan _lastTime;

    public Endpoint Endpoint { get; } = endpoint;

    /// <summary>A check ended.</summary>
    /// <returns>True: the endpoint went down, or came back.</returns>
    public bool Checked(bool passed, HealthCheckSettings settings)
    {
        var isFirst = !_wasChecked;
        _wasChecked = true;
        (_passed, _failed) = passed ? (_passed + 1, 0) : (0, _failed + 1);
        var isDown = Endpoint.IsDown ? _passed < settings.Rise : !passed && (isFirst || _failed >= settings.Fall);
        if (isDown == Endpoint.IsDown)
            return false;
        Endpoint.SetDown(isDown);
        return true;
    }

    /// <summary>So many checks in a row ended alike.</summary>
    public int InARow => Math.Max(_passed, _failed);

    /// <summary>Another gateway checked it: its verdict counts, and checks here go on from it.</summary>
    /// <returns>True: the endpoint went down, or came back.</returns>
    public bool Heard(SharedCheck check)
    {
        _wasChecked = true;
        (_passed, _failed) = check.Passed ? (check.InARow, 0) : (0, check.InARow);
        if (check.IsDown == Endpoint.IsDown)
            return false;
        Endpoint.SetDown(check.IsDown);
        return true;
    }

    /// <summary>It is not checked any more.</summary>
    public void Unchecked()
    {
        (_passed, _failed, _wasChecked) = (0, 0, false);
        Endpoint.SetDown(false);
    }

    /// <summary>Connections on it failed: takes it out, if it may be.</summary>
    /// <param name="settings">How long, and how many may be out.</param>
    /// <param name="outOfUse">Endpoints of the upstream that are out of use, without this one.</param>
    /// <param name="all">Endpoints of the upstream.</param>
    /// <param name="now">Nanoseconds of the loops' clock.</param>
    /// <returns>For how long; null: it is out already, or may not be.</returns>
    public TimeSpan? Eject(OutlierSettings settings, int outOfUse, int all, long now)
    {
        if (Endpoint.Circuit == Circuit.Open || settings.Failures == 0)
            return null;
        if ((outOfUse + 1) * 100 > settings.MaximumShare * all)
        {
            // A trial that failed, with so many others out that this one has to serve.
            Back(now);
            return null;
        }

        var held = Endpoint.Circuit == Circuit.Closed && now - _backSince > _lastTime.Ticks * TimeSpan.NanosecondsPerTick;
        if (held)
            _doublings = 0;
        _lastTime = TimeSpan.FromTicks(Math.Min(settings.Time.Ticks << Math.Min(_doublings, 20), settings.MaximumTime.Ticks));
        _doublings++;
        Endpoint.SetCircuit(Circuit.Open);
        return _lastTime;
    }

    /// <summary>Its time is over: one connection may try.</summary>
    public void TimeOver()
    {
        if (Endpoint.Circuit == Circuit.Open)
            Endpoint.SetCircuit(Circuit.HalfOpen);
    }

    /// <summary>It serves again.</summary>
    /// <returns>False: it did before.</returns>
    public bool Back(long now)
    {
        if (Endpoint.Circuit == Circuit.Closed)
            return false;
        Endpoint.SetCircuit(Circuit.Closed);
        _backSince = now;
        return true;
    }
}
