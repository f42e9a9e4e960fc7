using System.Collections.Concurrent;
using System.Diagnostics;
using TlsGateway.Actors;
using TlsGateway.Actors.Events;
using TlsGateway.Actors.Settings;
using TlsGateway.Interop.Tests.Support;
using TlsGateway.Tls;

namespace TlsGateway.Interop.Tests.Telemetry;

/// <summary>Which connections become traces, and what they say. Only gateways of this class make any.</summary>
public sealed class TraceTests : IDisposable
{
    private readonly TestCertificates _certificates = new();
    private readonly ConcurrentQueue<Activity> _spans = [];
    private readonly ActivityListener _listener;

    public TraceTests()
    {
        _listener = new ActivityListener
        {
            ShouldListenTo = static source => source.Name == TracingSettings.SourceName,
            Sample = static (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = _spans.Enqueue,
        };
        ActivitySource.AddActivityListener(_listener);
    }

    public void Dispose()
    {
        _listener.Dispose();
        _certificates.Dispose();
    }

    [Fact]
    public async Task Every_connection_is_a_span_with_its_handshake_below_it()
    {
        await using var upstream = TestUpstream.Echo();
        await using var gateway = await StartAsync(upstream, new TracingSettings(1, TimeSpan.FromHours(1), 1000));
        using (var client = EngineClient.Open(gateway.EndPoint))
        {
            client.AssertEchoes("traced");
            client.CloseCleanly();
        }

        await gateway.UntilClosedAsync(CloseReason.Completed);
        await RunningGateway.UntilAsync(() => _spans.Count == 2, "two spans");
        var connection = Assert.Single(_spans, static span => span.OperationName == "TLS connection");
        var handshake = Assert.Single(_spans, static span => span.OperationName == "TLS server handshake");
        Assert.Equal(connection.SpanId, handshake.ParentSpanId);
        Assert.Equal(connection.TraceId, handshake.TraceId);
        Assert.Equal(connection.StartTimeUtc, handshake.StartTimeUtc);
        Assert.InRange(handshake.Duration, TimeSpan.FromTicks(1), connection.Duration);
        Assert.Equal("1.3", connection.GetTagItem("tls.protocol.version"));
        Assert.Equal(false, handshake.GetTagItem("tls.resumed"));
        Assert.Equal("127.0.0.1", connection.GetTagItem("client.address"));
        Assert.Equal("upstream", connection.GetTagItem("upstream"));
        Assert.Equal(upstream.EndPoint.ToString(), connection.GetTagItem("upstream.endpoint"));
        Assert.Equal("completed", connection.GetTagItem("gateway.close.reason"));
        Assert.Null(connection.GetTagItem("error.type"));
        Assert.Equal(ActivityStatusCode.Unset, connection.Status);
        Assert.Equal(["client_hello", "route", "handshake", "upstream_connected", "close"], connection.Events.Select(static e => e.Name));
        Assert.Equal(connection.Events.Select(static e => e.Timestamp).Order(), connection.Events.Select(static e => e.Timestamp));
    }

    [Fact]
    public async Task One_that_failed_is_kept_and_one_that_said_nothing_is_not()
    {
        await using var upstream = TestUpstream.Echo();
        await using var gateway = await StartAsync(upstream, new TracingSettings(0, TimeSpan.FromHours(1), 1000));
        using (var client = EngineClient.Open(gateway.EndPoint))
        {
            client.AssertEchoes("not traced");
            client.CloseCleanly();
        }

        EngineClient.ConnectSocket(gateway.EndPoint).Dispose();
        using (var malformed = EngineClient.ConnectSocket(gateway.EndPoint))
            malformed.Send((ReadOnlySpan<byte>)[22, 3, 1, 0, 5, 1, 0, 0, 1, 0]);
        await gateway.UntilClosedAsync(CloseReason.MalformedClientHello);
        await gateway.UntilClosedAsync(CloseReason.ClientClosedBeforeHello);
        await gateway.UntilClosedAsync(CloseReason.Completed);
        var span = Assert.Single(_spans);
        Assert.Equal("malformed_client_hello", span.GetTagItem("error.type"));
        Assert.Equal("client", span.GetTagItem("gateway.close.fault"));
        Assert.Equal(ActivityStatusCode.Error, span.Status);
    }

    [Fact]
    public async Task One_that_was_stalled_is_kept_and_says_by_whom()
    {
        await using var upstream = TestUpstream.Echo();
        await using var gateway = await StartAsync(upstream, new TracingSettings(0, TimeSpan.FromMilliseconds(300), 1000));
        using (var client = EngineClient.Open(gateway.EndPoint))
        {
            client.AssertEchoes("before");
            Assert.Equal(TlsStatus.Done, client.Session.Write(new byte[100], out _));
            client.FlushFirst(50);
            await RunningGateway.UntilAsync(
                () =>
                    gateway.StallSeconds(
                        Actors.Stalls.StallOperation.Read,
                        Actors.Stalls.StallWant.Read,
                        Actors.Stalls.StallLeg.Downstream,
                        Actors.Stalls.StallCause.Client
                    ) > 0.3,
                "half a record has been waited for"
            );
            client.Flush();
            client.CloseCleanly();
        }

        await gateway.UntilClosedAsync(CloseReason.Completed);
        await RunningGateway.UntilAsync(() => _spans.Count == 2, "two spans");
        var connection = Assert.Single(_spans, static span => span.OperationName == "TLS connection");
        var stall = Assert.Single(connection.Events, static e => e.Name == "stall");
        Assert.Equal(
            [("operation", "read"), ("want", "read"), ("leg", "downstream"), ("cause", "client")],
            stall.Tags.Take(4).Select(static tag => (tag.Key, (string?)tag.Value))
        );
        Assert.InRange((double)stall.Tags.Single(static tag => tag.Key == "duration").Value!, 0.3, 60);
        Assert.InRange((double)connection.GetTagItem("gateway.stall.client")!, 0.3, 60);
    }

    [Fact]
    public async Task A_storm_of_failures_is_not_one_of_traces()
    {
        await using var upstream = TestUpstream.Echo();
        await using var gateway = await StartAsync(upstream, new TracingSettings(0, TimeSpan.FromHours(1), 1), loops: 1);
        var began = Stopwatch.GetTimestamp();
        for (var i = 0; i < 50; i++)
        {
            using var malformed = EngineClient.ConnectSocket(gateway.EndPoint);
            malformed.Send((ReadOnlySpan<byte>)[22, 3, 1, 0, 5, 1, 0, 0, 1, 0]);
        }

        await gateway.UntilClosedAsync(CloseReason.MalformedClientHello, 50);
        // One a second, of each second that has begun.
        Assert.InRange(_spans.Count, 1, 1 + (int)Math.Ceiling(Stopwatch.GetElapsedTime(began).TotalSeconds));
    }

    private async Task<RunningGateway> StartAsync(TestUpstream upstream, TracingSettings tracing, int loops = 2) =>
        await RunningGateway.StartAsync(
            new GatewaySettings { Generation = 1, Listeners = [RunningGateway.Listener(_certificates.Localhost, upstream.EndPoint)] },
            loops,
            new GatewayHostOptions { Tracing = tracing }
        );
}
