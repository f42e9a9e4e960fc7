namespace TlsGateway.LiveView.Data;

/// <summary>What samples say of the time between them.</summary>
public static class LiveRate
{
    /// <summary>How fast a count grew between each sample and the one before it, per second; one value less than samples.</summary>
    public static double[] Of(IReadOnlyList<LiveSample> samples, Func<LiveSample, long> count)
    {
        var rates = new double[Math.Max(0, samples.Count - 1)];
        for (var i = 0; i < rates.Length; i++)
        {
            rates[i] = Between(samples[i], samples[i + 1], count);
        }
        return rates;
    }

    /// <summary>As above, over the last seconds.</summary>
    public static double Latest(IReadOnlyList<LiveSample> samples, Func<LiveSample, long> count, int seconds = 3) =>
        samples.Count < 2 ? 0 : Between(samples[Math.Max(0, samples.Count - 1 - seconds)], samples[^1], count);

    private static double Between(LiveSample before, LiveSample after, Func<LiveSample, long> count)
    {
        var seconds = (after.At - before.At).TotalSeconds;
        return seconds <= 0 ? 0 : Math.Max(0, count(after) - count(before)) / seconds;
    }
}
