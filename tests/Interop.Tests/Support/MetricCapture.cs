using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;
using TlsGateway.Actors.Metrics;

namespace TlsGateway.Interop.Tests.Support;

/// <summary>What the instruments of one gateway say, histograms from the start of the capture on.</summary>
internal sealed class MetricCapture : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly Lock _lock = new();
    private readonly List<(string Instrument, double Value, Dictionary<string, string?> Attributes)> _measurements = [];
    private readonly SortedDictionary<string, Instrument> _instruments = new(StringComparer.Ordinal);

    private MetricCapture(Meter meter)
    {
        _listener.InstrumentPublished = (instrument, me) =>
        {
            if (instrument.Meter != meter)
                return;
            _instruments[instrument.Name] = instrument;
            me.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Add(instrument, value, tags));
        _listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Add(instrument, value, tags));
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Add(instrument, value, tags));
        _listener.Start();
    }

    public static MetricCapture Start(GatewayMetrics metrics) => new(metrics.Meter);

    /// <summary>Reads the instruments that are read when somebody asks. Once.</summary>
    public void Observe() => _listener.RecordObservableInstruments();

    public void Dispose() => _listener.Dispose();

    public double Sum(string instrument, params (string Key, string Value)[] attributes) => Matching(instrument, attributes).Sum();

    public int Count(string instrument, params (string Key, string Value)[] attributes) => Matching(instrument, attributes).Count();

    /// <summary>As docs/METRICS.md shows it.</summary>
    public string Table()
    {
        var table = new StringBuilder("| instrument | in Prometheus | type, unit | labels | |\n|---|---|---|---|---|\n");
        foreach (var (name, instrument) in _instruments)
        {
            string[] labels;
            lock (_lock)
            {
                labels =
                [
                    .. _measurements
                        .Where(m => m.Instrument == name)
                        .SelectMany(static m => m.Attributes.Keys)
                        .Distinct(StringComparer.Ordinal)
                        .Order(StringComparer.Ordinal)
                        .Select(static label => $"`{label.Replace('.', '_')}`"),
                ];
            }

            Assert.True(Count(name) > 0, $"{name} was not measured");
            table.Append(
                CultureInfo.InvariantCulture,
                $"| `{name}` | `{PrometheusName(instrument)}` | {Kind(instrument)}, {instrument.Unit} | {string.Join(", ", labels)} | {instrument.Description} |\n"
            );
        }

        return table.ToString();
    }

    private static string Kind(Instrument instrument) =>
        instrument.GetType().Name.Split('`')[0] switch
        {
            "ObservableCounter" or "Counter" => "counter",
            "Histogram" => "histogram",
            _ => "gauge",
        };

    /// <summary>As the exporter makes it.</summary>
    private static string PrometheusName(Instrument instrument) =>
        instrument.Name.Replace('.', '_')
        + instrument.Unit switch
        {
            "s" => "_seconds",
            "By" => "_bytes",
            _ => "",
        }
        + (Kind(instrument) == "counter" ? "_total" : "");

    private IEnumerable<double> Matching(string instrument, (string Key, string Value)[] attributes)
    {
        lock (_lock)
        {
            return
            [
                .. _measurements
                    .Where(m => m.Instrument == instrument && attributes.All(a => m.Attributes.GetValueOrDefault(a.Key) == a.Value))
                    .Select(static m => m.Value),
            ];
        }
    }

    private void Add(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var attributes = new Dictionary<string, string?>(StringComparer.Ordinal);
        foreach (var tag in tags)
            attributes.Add(tag.Key, tag.Value is bool flag ? (flag ? "true" : "false") : tag.Value?.ToString());
        lock (_lock)
            _measurements.Add((instrument.Name, value, attributes));
    }
}
