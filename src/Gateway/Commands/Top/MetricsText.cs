using System.Globalization;

namespace TlsGateway.Gateway.Commands.Top;

/// <summary>Metrics in Prometheus' text form, as far as adding up needs.</summary>
/// <param name="text">What /metrics answered.</param>
internal sealed class MetricsText(string text)
{
    private readonly string[] _lines = text.Split('\n');

    /// <summary>The sum of the series with these labels.</summary>
    /// <param name="name">Of the metric, such as gateway_connections_total.</param>
    /// <param name="labels">Each such as leg="downstream".</param>
    public double Sum(string name, params string[] labels)
    {
        var sum = 0.0;
        foreach (var line in _lines)
        {
            if (
                line.StartsWith(name, StringComparison.Ordinal)
                && line.Length > name.Length
                && line[name.Length] is '{' or ' '
                && Array.TrueForAll(labels, label => line.Contains(label, StringComparison.Ordinal))
                && double.TryParse(line.AsSpan(line.LastIndexOf(' ') + 1), CultureInfo.InvariantCulture, out var value)
            )
            {
                sum += value;
            }
        }
        return sum;
    }
}
