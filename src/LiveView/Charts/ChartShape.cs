using System.Text;

namespace TlsGateway.LiveView.Charts;

/// <summary>Turns values into the outlines of an SVG of <see cref="Width"/> by <see cref="Height"/>, the newest value at its right edge.</summary>
internal static class ChartShape
{
    public const int Width = 600;
    public const int Height = 100;

    /// <summary>The least of 1, 2, 5, 10, 20, ... of a unit that is above all values.</summary>
    public static double Ceiling(double highest, double least)
    {
        if (highest <= least)
        {
            return least;
        }
        var power = Math.Pow(10, Math.Floor(Math.Log10(highest)));
        return new[] { 1.0, 2, 5, 10 }.Select(step => step * power).First(ceiling => ceiling >= highest * 0.999999);
    }

    /// <summary>What lies between two lines, as the points of a polygon.</summary>
    /// <param name="lower">The line below; as long as <paramref name="upper"/>.</param>
    /// <param name="upper">The line above.</param>
    /// <param name="ceiling">The value at the top.</param>
    /// <param name="room">Values that the width has room for.</param>
    public static string Layer(IReadOnlyList<double> lower, IReadOnlyList<double> upper, double ceiling, int room)
    {
        StringBuilder points = new();
        for (var i = 0; i < upper.Count; i++)
        {
            Append(points, i, upper, ceiling, room);
        }
        for (var i = lower.Count - 1; i >= 0; i--)
        {
            Append(points, i, lower, ceiling, room);
        }
        return points.ToString();
    }

    /// <summary>A line, as the points of a polyline.</summary>
    public static string Line(IReadOnlyList<double> values, double ceiling, int room)
    {
        StringBuilder points = new();
        for (var i = 0; i < values.Count; i++)
        {
            Append(points, i, values, ceiling, room);
        }
        return points.ToString();
    }

    private static void Append(StringBuilder points, int index, IReadOnlyList<double> values, double ceiling, int room)
    {
        var x = Width - ((values.Count - 1 - index) * (double)Width / Math.Max(1, room - 1));
        var y = Height - (Math.Clamp(values[index] / ceiling, 0, 1) * Height);
        // A tenth is finer than a pixel, and a short text is less to send.
        Append(points, x).Append(',');
        Append(points, y).Append(' ');
    }

    /// <summary>As whole numbers: the text of a floating-point one costs several times as much.</summary>
    private static StringBuilder Append(StringBuilder points, double value)
    {
        var (whole, tenth) = Math.DivRem((int)Math.Round(value * 10), 10);
        points.Append(whole);
        return tenth == 0 ? points : points.Append('.').Append((char)('0' + tenth));
    }
}
