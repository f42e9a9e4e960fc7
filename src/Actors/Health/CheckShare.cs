using TlsGateway.Actors.Settings;

namespace TlsGateway.Actors.Health;

/// <summary>
/// What the checks of one endpoint have to do with other gateways: who does them, when one was last heard of, what was told. Of one health actor; but for the others' word, which comes on any thread and of which
/// only the newest is kept, however many come.
/// </summary>
internal sealed class CheckShare : IDisposable
{
    /// <summary>So many intervals without a word, and the check is done here.</summary>
    private const int SilentIntervals = 3;

    private readonly ISharedChecks _checks;
    private readonly IDisposable _hearing;
    private SharedCheck? _heard;
    private long _heardAt;
    private SharedCheck? _told;
    private long _toldAt;

    /// <param name="work">Of the endpoint's checks.</param>
    /// <param name="checks">The others.</param>
    /// <param name="now">The loops' clock, nanoseconds.</param>
    /// <param name="hasHeard">Told when there is something to <see cref="Take"/>. Any thread.</param>
    public CheckShare(string work, ISharedChecks checks, long now, Action<CheckShare> hasHeard)
    {
        (Work, _checks, _heardAt) = (work, checks, now);
        _hearing = checks.Hear(
            work,
            heard =>
            {
                if (Interlocked.Exchange(ref _heard, heard) is null)
                    hasHeard(this);
            }
        );
    }

    public string Work { get; }

    /// <summary>A check that is due is for this gateway to do, for all: it is its own work, or nobody does it.</summary>
    public bool IsDue(HealthCheckSettings check, long now) =>
        _checks.IsMine(Work) || now - _heardAt > Nanos((check.Interval * SilentIntervals) + check.Timeout);

    /// <summary>The newest that was heard.</summary>
    public SharedCheck? Take(long now)
    {
        var heard = Interlocked.Exchange(ref _heard, null);
        if (heard is not null)
            _heardAt = Math.Max(_heardAt, now - Nanos(heard.Age));
        return heard;
    }

    public void Tell(SharedCheck check, long now)
    {
        (_told, _toldAt) = (check, now);
        _checks.Tell(Work, check);
    }

    /// <summary>For gateways that have come since.</summary>
    public void TellAgain(long now)
    {
        if (_told is not null && _checks.IsMine(Work))
            _checks.Tell(Work, _told with { Age = TimeSpan.FromTicks(Math.Max(0, now - _toldAt) / TimeSpan.NanosecondsPerTick) });
    }

    public void Dispose() => _hearing.Dispose();

    private static long Nanos(TimeSpan time) => time.Ticks * TimeSpan.NanosecondsPerTick;
}
