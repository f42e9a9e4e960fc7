namespace TlsGateway.LiveView;

/// <summary>Amounts as people read them.</summary>
public static class Words
{
    private static readonly string[] ByteUnits = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

    public static string Bytes(double bytes)
    {
        var unit = 0;
        for (; bytes >= 1024 && unit < ByteUnits.Length - 1; unit++)
        {
            bytes /= 1024;
        }
        return unit == 0 ? $"{bytes:0} B" : $"{bytes:0.0} {ByteUnits[unit]}";
    }

    public static string Count(double count) => count >= 10 || count == Math.Floor(count) ? $"{count:N0}" : $"{count:0.0}";

    public static string Share(double share) => share is > 0 and < 0.1 ? $"{share * 100:0.0} %" : $"{share * 100:0} %";

    public static string Time(TimeSpan span) =>
        span switch
        {
            { TotalMilliseconds: < 1 } => span == TimeSpan.Zero ? "0" : $"{span.TotalMicroseconds:0} µs",
            { TotalSeconds: < 1 } => $"{span.TotalMilliseconds:0} ms",
            { TotalMinutes: < 1 } => $"{span.TotalSeconds:0.0} s",
            { TotalHours: < 1 } => $"{span.Minutes} min {span.Seconds:00} s",
            { TotalDays: < 1 } => $"{span.Hours} h {span.Minutes:00} min",
            _ => $"{span.Days} d {span.Hours:00} h",
        };

    /// <summary>snake_case without its underscores.</summary>
    public static string Plain(string name) => name.Replace('_', ' ');
}
