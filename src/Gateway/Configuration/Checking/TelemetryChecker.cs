using OpenTelemetry.Exporter;
using TlsGateway.Actors.Events;
using TlsGateway.Gateway.AccessLogs;
using TlsGateway.Gateway.Configuration.Options;
using TlsGateway.Gateway.Configuration.Reading;
using TlsGateway.Gateway.Telemetry;

namespace TlsGateway.Gateway.Configuration.Checking;

/// <summary>Checks what is told of the gateway: access log and telemetry.</summary>
internal sealed class TelemetryChecker(ConfigurationProblems problems, ConfigurationWorld world, string file)
{
    public TelemetrySettings Check(TelemetryOptions options)
    {
        var isOn = options.Otlp is not null || world.GetVariable(TelemetryExport.EndpointVariable) is { Length: > 0 };
        var otlp = options.Otlp ?? new OtlpOptions();
        return new TelemetrySettings
        {
            SendsMetrics = isOn && otlp.Metrics,
            SendsTraces = isOn && otlp.Traces,
            SendsLogs = isOn && otlp.Logs,
            Endpoint = otlp.Endpoint is { } endpoint ? CheckEndpoint(otlp, endpoint) : null,
            Protocol = otlp.Protocol switch
            {
                null => null,
                "http" => OtlpExportProtocol.HttpProtobuf,
                _ => OtlpExportProtocol.Grpc,
            },
            Headers = otlp.HeadersFile is { } headers ? ReadHeaders(otlp, headers) : null,
            Interval = otlp.Interval,
            Tracing = new TracingSettings(
                options.Traces.OneIn == 0 ? 0 : 1.0 / options.Traces.OneIn,
                options.Traces.StallThreshold,
                options.Traces.PerSecond
            ),
        };
    }

    /// <summary>Null: there is none, or it has an error.</summary>
    public AccessLogSettings? Check(AccessLogOptions? options)
    {
        if (options is null)
        {
            return null;
        }
        var format = options.Format == "json" ? CheckFields(options) : CheckTemplate(options);
        var output = options.Output is AccessLogSettings.Stdout or AccessLogSettings.Stderr
            ? options.Output
            : Path.GetFullPath(options.Output, Path.GetDirectoryName(file)!);
        if (output.StartsWith('/') && !Directory.Exists(Path.GetDirectoryName(output)))
        {
            problems.Error(
                options.At(nameof(options.Output)),
                $"accessLog.output is {options.Shown(nameof(options.Output))}, whose folder is not there. Make {Path.GetDirectoryName(output)}, or write stdout."
            );
        }
        return format is null ? null : new AccessLogSettings(output, format, options.RotateAt, options.Keep);
    }

    private AccessLogFormat? CheckTemplate(AccessLogOptions options)
    {
        if (options.Fields.Count > 0)
        {
            problems.Error(options.At(nameof(options.Fields)), "accessLog.fields is for format: json. Text has a template.");
        }
        var format = AccessLogFormat.Template(options.Template ?? AccessLogFields.DefaultTemplate, out var problem);
        if (format is null)
        {
            problems.Error(
                options.At(nameof(options.Template)),
                $"accessLog.template is '{options.Shown(nameof(options.Template))}', {problem} docs/ACCESS_LOG.md has the fields; {{{{ and }}}} stand for braces."
            );
        }
        return format;
    }

    private AccessLogFormat CheckFields(AccessLogOptions options)
    {
        if (options.Template is not null)
        {
            problems.Error(options.At(nameof(options.Template)), "accessLog.template is for format: text. JSON has fields.");
        }
        List<AccessLogField> fields = [];
        for (var index = 0; index < options.Fields.Count; index++)
        {
            if (AccessLogFields.Find(options.Fields[index]) is { } field)
            {
                fields.Add(field);
                continue;
            }
            var nearest = NearestName.Find(options.Fields[index], [.. AccessLogFields.All.Select(static f => f.Name)]);
            problems.Error(
                options.At(nameof(options.Fields), index),
                $"accessLog.fields[{index}] is '{options.Fields[index]}', which is no field. "
                    + (nearest is null ? "docs/ACCESS_LOG.md has them all." : $"Did you mean {nearest}?")
            );
        }
        return AccessLogFormat.Json(fields.Count > 0 ? fields : AccessLogFields.Default);
    }

    private Uri? CheckEndpoint(OtlpOptions options, string endpoint)
    {
        if (Uri.TryCreate(endpoint, UriKind.Absolute, out var uri) && uri.UserInfo.Length == 0)
        {
            return uri;
        }
        problems.Error(
            options.At(nameof(options.Endpoint)),
            $"telemetry.otlp.endpoint is '{options.Shown(nameof(options.Endpoint))}', which is no URL such as http://collector:4317. A password belongs in headersFile."
        );
        return null;
    }

    /// <summary>In the form of OTEL_EXPORTER_OTLP_HEADERS.</summary>
    private string? ReadHeaders(OtlpOptions options, string name)
    {
        var position = options.At(nameof(options.HeadersFile));
        try
        {
            List<string> headers = [];
            foreach (var line in File.ReadLines(Path.GetFullPath(name, Path.GetDirectoryName(file)!)))
            {
                if (line.Trim() is not { Length: > 0 } text)
                {
                    continue;
                }
                var at = text.IndexOf('=', StringComparison.Ordinal);
                if (at <= 0)
                {
                    problems.Error(
                        position,
                        $"telemetry.otlp.headersFile {options.Shown(nameof(options.HeadersFile))} has line {headers.Count + 1}, which is not KEY=VALUE."
                    );
                    return null;
                }
                headers.Add($"{text[..at].Trim()}={Uri.EscapeDataString(text[(at + 1)..].Trim())}");
            }
            return string.Join(',', headers);
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            problems.Error(
                position,
                $"telemetry.otlp.headersFile {options.Shown(nameof(options.HeadersFile))} cannot be read: {failed.Message}"
            );
            return null;
        }
    }
}
