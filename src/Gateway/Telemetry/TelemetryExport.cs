using System.Collections;
using OpenTelemetry.Exporter;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using TlsGateway.Actors.Events;
using TlsGateway.Actors.Metrics;

namespace TlsGateway.Gateway.Telemetry;

/// <summary>Sets up OpenTelemetry: what a scrape reads, and what is sent by OTLP.</summary>
internal static class TelemetryExport
{
    /// <summary>.NET's own instruments: GC, thread pool, exceptions, CPU.</summary>
    private const string RuntimeMeterName = "System.Runtime";

    /// <summary>Prefix of the standard variables.</summary>
    private const string Prefix = "OTEL_";

    /// <summary>The variable that turns export on by itself.</summary>
    public const string EndpointVariable = "OTEL_EXPORTER_OTLP_ENDPOINT";

    /// <summary>Metrics for a scrape and what else the settings say, but for logs. The embedded servers read nothing from the environment; the standard variables are the exception.</summary>
    public static void AddTelemetry(this IHostApplicationBuilder builder, TelemetrySettings settings)
    {
        UseStandardVariables(builder.Configuration);
        var telemetry = builder
            .Services.AddOpenTelemetry()
            .ConfigureResource(Describe)
            .WithMetrics(metrics =>
            {
                metrics
                    .AddMeter(GatewayMetrics.MeterName, RuntimeMeterName)
                    .SetExemplarFilter(ExemplarFilterType.TraceBased)
                    .AddPrometheusExporter();
                if (settings.SendsMetrics)
                {
                    metrics.AddOtlpExporter(
                        (otlp, reader) =>
                        {
                            Apply(settings, otlp, "v1/metrics");
                            if (settings.Interval is { } interval)
                            {
                                reader.PeriodicExportingMetricReaderOptions.ExportIntervalMilliseconds = (int)interval.TotalMilliseconds;
                            }
                        }
                    );
                }
            });
        if (settings.SendsTraces)
        {
            // Which connections are traced is decided before a span is made.
            telemetry.WithTracing(traces =>
                traces
                    .AddSource(TracingSettings.SourceName)
                    .SetSampler(new AlwaysOnSampler())
                    .AddOtlpExporter(otlp => Apply(settings, otlp, "v1/traces"))
            );
        }
    }

    /// <summary>Sends the log too.</summary>
    public static void AddLogExport(
        this IHostApplicationBuilder builder,
        TelemetrySettings settings,
        Func<string?, LogLevel, bool> isEnabled
    )
    {
        if (!settings.SendsLogs)
        {
            return;
        }
        UseStandardVariables(builder.Configuration);
        builder.Logging.AddFilter<OpenTelemetryLoggerProvider>(isEnabled);
        builder.Logging.AddOpenTelemetry(logs =>
        {
            var resource = ResourceBuilder.CreateDefault();
            Describe(resource);
            logs.SetResourceBuilder(resource);
            logs.IncludeFormattedMessage = true;
            logs.AddOtlpExporter(otlp => Apply(settings, otlp, "v1/logs"));
        });
    }

    private static void Describe(ResourceBuilder resource)
    {
        if (string.IsNullOrEmpty(Environment.GetEnvironmentVariable("OTEL_SERVICE_NAME")))
        {
            resource.AddService("tls-gateway", serviceVersion: GatewayVersion.Text);
        }
        else
        {
            resource.AddAttributes([new("service.version", GatewayVersion.Text)]);
        }
    }

    /// <param name="settings">What is set replaces what the environment says.</param>
    /// <param name="otlp">Made from the environment.</param>
    /// <param name="path">Of the signal, for HTTP, where an endpoint is the collector's.</param>
    private static void Apply(TelemetrySettings settings, OtlpExporterOptions otlp, string path)
    {
        otlp.Protocol = settings.Protocol ?? otlp.Protocol;
        otlp.Headers = settings.Headers ?? otlp.Headers;
        if (settings.Endpoint is { } endpoint)
        {
            otlp.Endpoint = otlp.Protocol == OtlpExportProtocol.Grpc ? endpoint : new Uri(endpoint.AbsoluteUri.TrimEnd('/') + "/" + path);
        }
    }

    private static void UseStandardVariables(IConfigurationBuilder configuration) =>
        configuration.AddInMemoryCollection(
            Environment
                .GetEnvironmentVariables()
                .Cast<DictionaryEntry>()
                .Where(static variable => ((string)variable.Key).StartsWith(Prefix, StringComparison.Ordinal))
                .Select(static variable => KeyValuePair.Create((string)variable.Key, (string?)variable.Value))
        );
}
