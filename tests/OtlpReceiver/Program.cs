using System.Text.Json;
using System.Text.Json.Serialization;
using Google.Protobuf;
using Google.Protobuf.Collections;
using Grpc.AspNetCore.Server.Model;
using Grpc.Core;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using TlsGateway.OtlpReceiver;

// A collector for tests: takes OTLP by gRPC and by HTTP on two ports of loopback, and writes what it got to standard output, an object per line. The first two lines are the ports.
var builder = WebApplication.CreateSlimBuilder();
builder.Logging.ClearProviders();
builder.WebHost.ConfigureKestrel(static kestrel =>
{
    // Without TLS nobody can agree on a version: a port for each.
    kestrel.Listen(System.Net.IPAddress.Loopback, 0, static endpoint => endpoint.Protocols = HttpProtocols.Http2);
    kestrel.Listen(System.Net.IPAddress.Loopback, 0, static endpoint => endpoint.Protocols = HttpProtocols.Http1);
});
builder.Services.AddGrpc();
builder.Services.AddSingleton<IServiceMethodProvider<Collector>, CollectorMethods>();
var app = builder.Build();
app.MapGrpcService<Collector>();
app.MapPost("/v1/metrics", static context => Posted.TakeAsync(context, MetricsRequest.Parser, Collector.TakeAsync));
app.MapPost("/v1/traces", static context => Posted.TakeAsync(context, TracesRequest.Parser, Collector.TakeAsync));
app.MapPost("/v1/logs", static context => Posted.TakeAsync(context, LogsRequest.Parser, Collector.TakeAsync));
await app.StartAsync();
foreach (var url in app.Urls)
    Console.WriteLine(new Uri(url).Port);
await app.WaitForShutdownAsync();

/// <summary>The three services.</summary>
internal sealed class Collector
{
    private static readonly JsonSerializerOptions Options = new() { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };

    public static Task<Answer> TakeAsync(MetricsRequest request)
    {
        foreach (var from in request.ResourceMetrics)
        foreach (var metric in from.ScopeMetrics.SelectMany(static scope => scope.Metrics))
        {
            var points = metric.Sum ?? metric.Gauge;
            foreach (var point in points?.DataPoints ?? [])
                Write(
                    new
                    {
                        Kind = metric.Sum is { IsMonotonic: true } ? "counter" : "metric",
                        metric.Name,
                        metric.Unit,
                        Service = ServiceOf(from.Resource),
                        Value = point.AsInt != 0 ? point.AsInt : point.AsDouble,
                        Attributes = Plain(point.Attributes),
                    }
                );
            foreach (var point in metric.Histogram?.DataPoints ?? [])
                Write(
                    new
                    {
                        Kind = "histogram",
                        metric.Name,
                        metric.Unit,
                        Service = ServiceOf(from.Resource),
                        Value = (double)point.Count,
                        point.Sum,
                        Exemplars = point.Exemplars.Select(static e => Hex(e.TraceId)),
                        Attributes = Plain(point.Attributes),
                    }
                );
        }

        return Task.FromResult(new Answer());
    }

    public static Task<Answer> TakeAsync(TracesRequest request)
    {
        foreach (var from in request.ResourceSpans)
        foreach (var span in from.ScopeSpans.SelectMany(static scope => scope.Spans))
            Write(
                new
                {
                    Kind = "span",
                    span.Name,
                    Service = ServiceOf(from.Resource),
                    Trace = Hex(span.TraceId),
                    Id = Hex(span.SpanId),
                    Parent = Hex(span.ParentSpanId),
                    Nanos = span.EndTimeUnixNano - span.StartTimeUnixNano,
                    Attributes = Plain(span.Attributes),
                    Events = span.Events.Select(static e => new { e.Name, Attributes = Plain(e.Attributes) }),
                }
            );
        return Task.FromResult(new Answer());
    }

    public static Task<Answer> TakeAsync(LogsRequest request)
    {
        foreach (var from in request.ResourceLogs)
        foreach (var record in from.ScopeLogs.SelectMany(static scope => scope.LogRecords))
            Write(
                new
                {
                    Kind = "log",
                    Name = record.SeverityText,
                    Service = ServiceOf(from.Resource),
                    Body = record.Body?.StringValue,
                }
            );
        return Task.FromResult(new Answer());
    }

    private static void Write<T>(T line)
    {
        lock (Options)
            Console.WriteLine(JsonSerializer.Serialize(line, Options));
    }

    private static string? ServiceOf(Resource? resource) =>
        resource?.Attributes.FirstOrDefault(static attribute => attribute.Key == "service.name")?.Value.StringValue;

    private static string Hex(ByteString bytes) => Convert.ToHexStringLower(bytes.Span);

    private static Dictionary<string, string> Plain(RepeatedField<TlsGateway.OtlpReceiver.Attribute> attributes) =>
        attributes.ToDictionary(
            static attribute => attribute.Key,
            static attribute =>
                attribute.Value.ValueCase switch
                {
                    Value.ValueOneofCase.BoolValue => attribute.Value.BoolValue ? "true" : "false",
                    Value.ValueOneofCase.IntValue => attribute.Value.IntValue.ToString(System.Globalization.CultureInfo.InvariantCulture),
                    Value.ValueOneofCase.DoubleValue => attribute.Value.DoubleValue.ToString(
                        System.Globalization.CultureInfo.InvariantCulture
                    ),
                    _ => attribute.Value.StringValue,
                },
            StringComparer.Ordinal
        );
}

/// <summary>OTLP/HTTP: the same messages, posted.</summary>
internal static class Posted
{
    public static async Task TakeAsync<TRequest>(HttpContext context, MessageParser<TRequest> parser, Func<TRequest, Task<Answer>> take)
        where TRequest : IMessage<TRequest>
    {
        if (context.Request.ContentType != "application/x-protobuf")
        {
            context.Response.StatusCode = StatusCodes.Status415UnsupportedMediaType;
            return;
        }

        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        var answer = await take(parser.ParseFrom(body.ToArray()));
        context.Response.ContentType = "application/x-protobuf";
        await context.Response.Body.WriteAsync(answer.ToByteArray());
    }
}

/// <summary>Names the methods as the protocol does, whose services are in three packages.</summary>
internal sealed class CollectorMethods : IServiceMethodProvider<Collector>
{
    public void OnServiceMethodDiscovery(ServiceMethodProviderContext<Collector> context)
    {
        Add(context, "opentelemetry.proto.collector.metrics.v1.MetricsService", MetricsRequest.Parser, Collector.TakeAsync);
        Add(context, "opentelemetry.proto.collector.trace.v1.TraceService", TracesRequest.Parser, Collector.TakeAsync);
        Add(context, "opentelemetry.proto.collector.logs.v1.LogsService", LogsRequest.Parser, Collector.TakeAsync);
    }

    private static void Add<TRequest>(
        ServiceMethodProviderContext<Collector> context,
        string service,
        MessageParser<TRequest> parser,
        Func<TRequest, Task<Answer>> take
    )
        where TRequest : class, IMessage<TRequest> =>
        context.AddUnaryMethod(
            new Method<TRequest, Answer>(
                MethodType.Unary,
                service,
                "Export",
                Marshallers.Create(static request => request.ToByteArray(), parser.ParseFrom),
                Marshallers.Create(static answer => answer.ToByteArray(), Answer.Parser.ParseFrom)
            ),
            [],
            (_, request, _) => take(request)
        );
}
