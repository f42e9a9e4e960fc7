namespace TlsGateway.Actors.Connections;

/// <summary>So many log lines in a second and no more; counts those that it refused. Pure: the clock is the caller's.</summary>
/// <param name="perSecond">Lines in each window of a second, which begins with its first line.</param>
internal struct LineBudget(int perSecond)
{
    private const long WindowNanos = 1_000_000_000;

    private long _windowEnd = long.MinValue;
    private int _left;
    private long _refused;

    /// <summary>True: log, and say that <paramref name="leftOut"/> lines were refused since the last one.</summary>
    public bool TryTake(long now, out long leftOut)
    {
        leftOut = 0;
        if (now >= _windowEnd)
            (_windowEnd, _left) = (now + WindowNanos, perSecond);
        if (_left == 0)
        {
            _refused++;
            return false;
        }

        _left--;
        (leftOut, _refused) = (_refused, 0);
        return true;
    }
}
