using OpenTelemetry.Exporter;
using TlsGateway.Actors.Events;

namespace TlsGateway.Gateway.Telemetry;

/// <summary>What is sent to a collector.</summary>
internal sealed record TelemetrySettings
{
    public static TelemetrySettings Off { get; } = new();

    public bool SendsMetrics { get; init; }

    public bool SendsTraces { get; init; }

    public bool SendsLogs { get; init; }

    /// <summary>Null: as the environment says.</summary>
    public Uri? Endpoint { get; init; }

    /// <summary>As above.</summary>
    public OtlpExportProtocol? Protocol { get; init; }

    /// <summary>KEY=VALUE, joined by commas, values percent-encoded; null: as the environment says. Secret.</summary>
    public string? Headers { get; init; }

    /// <summary>Between two exports of metrics; null: as the environment says.</summary>
    public TimeSpan? Interval { get; init; }

    public TracingSettings Tracing { get; init; } = new(SampleRatio: 0.01, TimeSpan.FromSeconds(1), PerSecond: 50);

    /// <summary>Without the headers.</summary>
    public override string ToString() => $"TelemetrySettings({Endpoint}, metrics {SendsMetrics}, traces {SendsTraces}, logs {SendsLogs})";
}
