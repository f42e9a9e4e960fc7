using System.Globalization;

namespace TlsGateway.Actors.Inspection;

/// <summary>Names a client's connection for the life of the process: the loop that serves it, and its place among those that loop accepted.</summary>
/// <param name="Loop">Index of the event loop, from 0.</param>
/// <param name="Number">From 1 on, never used twice.</param>
public readonly record struct ConnectionId(int Loop, long Number)
{
    /// <summary>As <c>1-4711</c>.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Loop}-{Number}");

    /// <summary>Reads what <see cref="ToString"/> writes, and nothing else.</summary>
    public static bool TryParse(string? text, out ConnectionId id)
    {
        id = default;
        var dash = text?.IndexOf('-', StringComparison.Ordinal) ?? -1;
        if (
            dash <= 0
            || !int.TryParse(text.AsSpan(0, dash), NumberStyles.None, CultureInfo.InvariantCulture, out var loop)
            || !long.TryParse(text.AsSpan(dash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
        )
            return false;
        id = new ConnectionId(loop, number);
        return true;
    }
}
