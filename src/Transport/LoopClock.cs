namespace TlsGateway.Transport;

/// <summary>
/// A <see cref="TimeProvider"/>'s monotonic timestamps in nanoseconds, never negative. The system's count from the start of the machine; those of a test
/// clock may count from the year 1, which is more than 2^63 ns ago: they are taken modulo 2^63, so that differences stay right.
/// </summary>
internal sealed class LoopClock
{
    private const long NanosPerSecond = 1_000_000_000;

    private readonly TimeProvider _time;
    private readonly long _frequency;

    /// <summary>Nanoseconds for each timestamp, 0 where that is no whole number. 1 on Linux, whose frequency is 10^9.</summary>
    private readonly long _nanosPerTimestamp;

    public LoopClock(TimeProvider time)
    {
        _time = time;
        _frequency = time.TimestampFrequency;
        _nanosPerTimestamp = NanosPerSecond % _frequency == 0 ? NanosPerSecond / _frequency : 0;
    }

    public long Read()
    {
        long timestamp = _time.GetTimestamp();
        long nanos = _nanosPerTimestamp != 0 ? timestamp * _nanosPerTimestamp : (long)((Int128)timestamp * NanosPerSecond / _frequency);
        return nanos & long.MaxValue;
    }
}
