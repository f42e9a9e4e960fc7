using System.ComponentModel;
using TlsGateway.Gateway.Configuration.Values;

namespace TlsGateway.Gateway.Configuration.Options;

internal sealed class TelemetryOptions : PositionedOptions
{
    /// <summary>Null: off, unless the environment says where.</summary>
    [Description(
        "Sends metrics, traces and logs to a collector by OTLP. Left out: nothing is sent, unless OTEL_EXPORTER_OTLP_ENDPOINT is set. What is left out here is as the variables OTEL_… say. Takes effect at start."
    )]
    public OtlpOptions? Otlp { get; set; }

    [Description("Which connections become traces, where traces are sent.")]
    public TraceOptions Traces { get; set; } = new();
}

internal sealed class OtlpOptions : PositionedOptions
{
    /// <summary>Null: OTEL_EXPORTER_OTLP_ENDPOINT, or this machine.</summary>
    [Description("The collector.")]
    [Text("an http or https URL", Pattern = "^https?://.+$", Examples = ["http://collector:4317", "https://otel.example.org:4318"])]
    public string? Endpoint { get; set; }

    /// <summary>Null: OTEL_EXPORTER_OTLP_PROTOCOL, or grpc.</summary>
    [Description("How it is spoken to: gRPC, or protobuf over HTTP/1.1.")]
    [Word("grpc", "http")]
    public string? Protocol { get; set; }

    [Description("A file with headers to send, such as a token, each as a line KEY=VALUE.")]
    [Text("the path of a file")]
    public string? HeadersFile { get; set; }

    [Description("Sends metrics.")]
    [Switch]
    public bool Metrics { get; set; } = true;

    [Description("Sends traces.")]
    [Switch]
    public bool Traces { get; set; } = true;

    [Description("Sends the log. It goes to stdout as well.")]
    [Switch]
    public bool Logs { get; set; } = true;

    /// <summary>Null: OTEL_METRIC_EXPORT_INTERVAL, or a minute.</summary>
    [Description("Between two exports of metrics.")]
    [Duration("1s", "1h")]
    public TimeSpan? Interval { get; set; }
}

internal sealed class TraceOptions : PositionedOptions
{
    [Description("One in so many ordinary connections becomes a trace. 0 is none of them.")]
    [Count(0, 1_000_000)]
    public int OneIn { get; set; } = 100;

    [Description("A connection with a stall of this time becomes a trace in any case, as does each that failed.")]
    [Duration("10ms", "1h")]
    public TimeSpan StallThreshold { get; set; } = TimeSpan.FromSeconds(1);

    [Description("At most so many traces a second on each event loop.")]
    [Count(1, 10_000)]
    public int PerSecond { get; set; } = 50;
}
