using System.Diagnostics;
using TlsGateway.Actors.Metrics;
using TlsGateway.Tls;

namespace TlsGateway.Actors.Events;

/// <summary>
/// The spans of one connection (OpenTelemetry's conventions for attributes: tls.*, client.*, server.*, network.*, error.type). What is recorded while one of the scopes is held has the span as its exemplar.
/// The loop's thread only.
/// </summary>
internal sealed class ConnectionTrace(ActivitySource source, Activity span, DateTimeOffset began)
{
    private bool _hasHandshake;

    /// <summary>The first handshake is over, well.</summary>
    public IDisposable? Handshake(TlsSessionInfo negotiated, TimeSpan duration)
    {
        _hasHandshake = true;
        if (StartHandshake() is not { } handshake)
            return null;
        Describe(handshake, negotiated);
        handshake.SetEndTime(span.StartTimeUtc + duration);
        return new Scope(handshake);
    }

    /// <summary>The connection is over. Spans go out when the scope does.</summary>
    public IDisposable End(ConnectionEnd end)
    {
        if (!_hasHandshake)
            AddHandshake(end);
        Activity.Current = span;
        span.SetTag("gateway.connection.id", end.Id.ToString());
        span.SetTag("client.address", end.Peer.ToIPEndPoint().Address.ToString());
        span.SetTag("client.port", (int)end.Peer.Port);
        span.SetTag("server.address", end.ServerName.Length > 0 ? end.ServerName : null);
        span.SetTag("server.port", end.LocalPort);
        span.SetTag("network.transport", "tcp");
        span.SetTag("network.type", end.Peer.IsIPv4 ? "ipv4" : "ipv6");
        if (end.Negotiated is { } negotiated)
            Describe(span, negotiated);
        span.SetTag("route", NullIfEmpty(end.Route));
        span.SetTag("upstream", NullIfEmpty(end.Upstream));
        span.SetTag("upstream.endpoint", NullIfEmpty(end.Endpoint));
        span.SetTag("tls.client.subject", end.ClientCertificate?.Subject);
        span.SetTag("gateway.connection.received", end.ReceivedBytes);
        span.SetTag("gateway.connection.sent", end.SentBytes);
        span.SetTag("gateway.stall.client", end.StalledByClient.TotalSeconds);
        span.SetTag("gateway.stall.upstream", end.StalledByUpstream.TotalSeconds);
        span.SetTag("gateway.stall.self", end.StalledBySelf.TotalSeconds);
        AddEvents(end);
        span.SetTag("gateway.close.reason", GatewayMetrics.NameOf(end.Reason));
        span.SetTag("gateway.close.fault", GatewayMetrics.FaultNameOf(end.Reason));
        if (end.Fault != Fault.None)
            Fail(span, end);
        span.SetEndTime(span.StartTimeUtc + end.Duration);
        return new Scope(span);
    }

    /// <summary>Of a connection that became a trace at its end only.</summary>
    private void AddHandshake(ConnectionEnd end)
    {
        if (end.Hello is null || StartHandshake() is not { } handshake)
            return;
        if (end.Negotiated is { } negotiated)
            Describe(handshake, negotiated);
        else
            Fail(handshake, end);
        handshake.SetEndTime(span.StartTimeUtc + (end.Handshake ?? end.Duration));
        handshake.Stop();
    }

    private Activity? StartHandshake() =>
        source.StartActivity("TLS server handshake", ActivityKind.Internal, span.Context, startTime: began);

    private void AddEvents(ConnectionEnd end)
    {
        var events = new List<ActivityEvent>();
        if (end.HelloAfter is { } hello)
            Add("client_hello", hello, ("server.address", end.ServerName));
        if (end.RoutedAfter is { } routed)
            Add("route", routed, ("route", end.Route), ("upstream", end.Upstream));
        if (end.Handshake is { } handshake)
            Add("handshake", handshake);
        if (end.ConnectedAfter is { } connected)
            Add("upstream_connected", connected, ("upstream.endpoint", end.Endpoint));
        foreach (var (key, after, duration) in end.Stalls)
        {
            Add(
                "stall",
                after,
                ("operation", GatewayMetrics.Name(key.Operation)),
                ("want", GatewayMetrics.Name(key.Want)),
                ("leg", GatewayMetrics.Name(key.Leg)),
                ("cause", GatewayMetrics.Name(key.Cause)),
                ("duration", duration.TotalSeconds)
            );
        }

        Add("close", end.Duration, ("reason", GatewayMetrics.NameOf(end.Reason)), ("fault", GatewayMetrics.FaultNameOf(end.Reason)));
        foreach (var one in events.OrderBy(static one => one.Timestamp))
            span.AddEvent(one);
        return;

        void Add(string name, TimeSpan after, params (string Key, object? Value)[] attributes) =>
            events.Add(new ActivityEvent(name, began + after, [.. attributes.Select(static a => KeyValuePair.Create(a.Key, a.Value))]));
    }

    private static void Describe(Activity activity, TlsSessionInfo negotiated)
    {
        activity.SetTag("tls.protocol.name", "tls");
        activity.SetTag("tls.protocol.version", negotiated.Version["TLSv".Length..]);
        activity.SetTag("tls.cipher", negotiated.CipherSuite);
        activity.SetTag("tls.curve", NullIfEmpty(negotiated.Group));
        activity.SetTag("tls.next_protocol", NullIfEmpty(negotiated.ApplicationProtocol));
        activity.SetTag("tls.resumed", negotiated.IsResumed);
    }

    private static void Fail(Activity activity, ConnectionEnd end)
    {
        activity.SetTag("error.type", GatewayMetrics.NameOf(end.Reason));
        activity.SetStatus(ActivityStatusCode.Error, NullIfEmpty(end.Detail));
    }

    private static string? NullIfEmpty(string text) => text.Length == 0 ? null : text;

    /// <summary>A span that ends with the scope. The thread has none afterwards.</summary>
    private sealed class Scope(Activity activity) : IDisposable
    {
        public void Dispose()
        {
            activity.Stop();
            Activity.Current = null;
        }
    }
}
