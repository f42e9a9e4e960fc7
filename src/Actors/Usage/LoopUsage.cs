namespace TlsGateway.Actors.Usage;

/// <summary>Who does what on one loop, in the present and the last span of <see cref="Span"/>. The loop's thread only.</summary>
internal sealed class LoopUsage
{
    /// <summary>What is older than two of these is forgotten, so that a list shows who still does it.</summary>
    public static readonly TimeSpan Span = TimeSpan.FromMinutes(10);

    private static readonly long s_spanNanos = (long)Span.TotalNanoseconds;

    private static readonly int s_questions = Enum.GetValues<UsageQuestion>().Length;

    private HeavyHitters[] _present = Create();
    private HeavyHitters[] _last = Create();
    private long _began = long.MinValue;

    /// <param name="question">What.</param>
    /// <param name="key">Who.</param>
    /// <param name="amount">1 or more.</param>
    /// <param name="now">The loop's clock, nanoseconds.</param>
    public void Add(UsageQuestion question, in UsageKey key, long amount, long now)
    {
        Turn(now);
        _present[(int)question].Add(key, amount);
    }

    /// <summary>Both spans together; a key may come twice.</summary>
    public IReadOnlyList<UsageCount> Counts(UsageQuestion question, long now)
    {
        Turn(now);
        return [.. _present[(int)question].Counts, .. _last[(int)question].Counts];
    }

    private void Turn(long now)
    {
        if (_began == long.MinValue)
            _began = now;
        if (now - _began < s_spanNanos)
            return;
        (_present, _last) = (_last, _present);
        Clear(_present);
        // Nobody came for a whole span and more.
        if (now - _began >= 2 * s_spanNanos)
            Clear(_last);
        _began = now;
    }

    private static void Clear(HeavyHitters[] all) => Array.ForEach(all, static one => one.Clear());

    private static HeavyHitters[] Create() => [.. Enumerable.Range(0, s_questions).Select(static _ => new HeavyHitters())];
}
