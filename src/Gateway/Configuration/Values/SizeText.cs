using System.Globalization;

namespace TlsGateway.Gateway.Configuration.Values;

/// <summary>Sizes as operators write them: bytes, or a whole number of KiB, MiB or GiB (powers of 1024, IEC 80000-13).</summary>
internal static class SizeText
{
    private const long KiB = 1024;
    private const long MiB = 1024 * KiB;
    private const long GiB = 1024 * MiB;

    /// <summary>Nine digits of GiB still fit in 63 bits.</summary>
    private const int MaxDigits = 9;

    public static long Parse(string text) => TryParse(text, out var bytes, out var problem) ? bytes : throw new FormatException(problem);

    /// <summary>On false, <paramref name="problem"/> completes "key is 'text', …".</summary>
    public static bool TryParse(string text, out long bytes, out string problem)
    {
        bytes = 0;
        problem = "which is not a size";
        var digits = text.AsSpan().IndexOfAnyExceptInRange('0', '9') is var end and >= 0 ? end : text.Length;
        if (digits is 0 or > MaxDigits)
        {
            return false;
        }
        var unit = text[digits..];
        long? scale = unit switch
        {
            "" => 1,
            "KiB" => KiB,
            "MiB" => MiB,
            "GiB" => GiB,
            _ => null,
        };
        if (scale is null)
        {
            problem = Hint(unit) is { } hint ? $"whose unit may mean 1000 or 1024; {text[..digits]}{hint} is powers of 1024" : problem;
            return false;
        }
        bytes = long.Parse(text.AsSpan(0, digits), NumberStyles.None, CultureInfo.InvariantCulture) * scale.Value;
        problem = "";
        return true;
    }

    /// <summary>In the largest unit that leaves a whole number.</summary>
    public static string Format(long bytes) =>
        bytes switch
        {
            > 0 when bytes % GiB == 0 => $"{bytes / GiB}GiB",
            > 0 when bytes % MiB == 0 => $"{bytes / MiB}MiB",
            > 0 when bytes % KiB == 0 => $"{bytes / KiB}KiB",
            _ => bytes.ToString(CultureInfo.InvariantCulture),
        };

    private static string? Hint(string unit) =>
        unit.ToLowerInvariant() switch
        {
            "k" or "kb" or "kib" => "KiB",
            "m" or "mb" or "mib" => "MiB",
            "g" or "gb" or "gib" => "GiB",
            _ => null,
        };
}
