using System.Globalization;
using System.Text;

namespace TlsGateway.Gateway.Configuration.Values;

/// <summary>Durations as operators write them: whole numbers with h, m, s, ms, the larger unit first.</summary>
internal static class DurationText
{
    /// <summary>Largest first: the order in which they may stand. Two-letter units come before their first letter when matching.</summary>
    private static readonly (string Unit, TimeSpan Length)[] Units =
    [
        ("h", TimeSpan.FromHours(1)),
        ("m", TimeSpan.FromMinutes(1)),
        ("s", TimeSpan.FromSeconds(1)),
        ("ms", TimeSpan.FromMilliseconds(1)),
    ];

    /// <summary>Nine digits of hours stay far below <see cref="TimeSpan.MaxValue"/>.</summary>
    private const int MaxDigits = 9;

    public static TimeSpan Parse(string text) =>
        TryParse(text, out var duration, out var problem) ? duration : throw new FormatException(problem);

    /// <summary>On false, <paramref name="problem"/> completes "key is 'text', …".</summary>
    public static bool TryParse(string text, out TimeSpan duration, out string problem)
    {
        duration = TimeSpan.Zero;
        problem = "which is not a duration";
        var rest = text.AsSpan();
        var nextUnit = 0;
        if (rest.IsEmpty)
        {
            return false;
        }
        while (!rest.IsEmpty)
        {
            var digits = rest.IndexOfAnyExceptInRange('0', '9');
            if (digits < 0)
            {
                problem = $"which has no unit; {text}s is seconds, {text}ms milliseconds";
                return false;
            }
            var letters = rest[digits..].IndexOfAnyInRange('0', '9');
            var unitText = letters < 0 ? rest[digits..] : rest.Slice(digits, letters);
            var unit = IndexOfUnit(unitText);
            if (digits is 0 or > MaxDigits || unit < nextUnit)
            {
                problem = unitText is "d" ? "which has days; write hours: 1d is 24h" : problem;
                return false;
            }
            duration += Units[unit].Length * int.Parse(rest[..digits], NumberStyles.None, CultureInfo.InvariantCulture);
            nextUnit = unit + 1;
            rest = rest[(digits + unitText.Length)..];
        }
        problem = "";
        return true;
    }

    /// <summary>The shortest text that <see cref="TryParse"/> reads back as the same duration, to the millisecond.</summary>
    public static string Format(TimeSpan duration)
    {
        if (duration < TimeSpan.FromMilliseconds(1))
        {
            return "0s";
        }
        StringBuilder text = new();
        foreach (var (unit, length) in Units)
        {
            var count = duration.Ticks / length.Ticks;
            duration -= length * count;
            if (count > 0)
            {
                text.Append(count).Append(unit);
            }
        }
        return text.ToString();
    }

    private static int IndexOfUnit(ReadOnlySpan<char> text)
    {
        for (var index = 0; index < Units.Length; index++)
        {
            if (text.SequenceEqual(Units[index].Unit))
            {
                return index;
            }
        }
        return -1;
    }
}
