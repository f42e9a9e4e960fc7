using System.Diagnostics;
using TlsGateway.Actors.Connections;
using TlsGateway.Actors.Stalls;

namespace TlsGateway.Actors.Events;

/// <summary>Which connections become traces. A span per connection, with one of its handshake below it.</summary>
/// <param name="SampleRatio">Of the ordinary ones, 0 to 1, by chance.</param>
/// <param name="StallThreshold">One with a longer stall is kept, as is each that failed.</param>
/// <param name="PerSecond">At most so many on a loop, whatever the reason.</param>
public sealed record TracingSettings(double SampleRatio, TimeSpan StallThreshold, int PerSecond)
{
    /// <summary>The activity source of the spans.</summary>
    public const string SourceName = "TlsGateway";
}

/// <summary>
/// Makes the traces of one loop's connections, and decides which there are: at the end of the handshake some by chance, at the end of the connection those that failed or were stalled (a tail decision,
/// so that nothing is recorded for the others). The loop's thread only.
/// </summary>
internal sealed class ConnectionTracer(TracingSettings settings)
{
    private static readonly ActivitySource Source = new(TracingSettings.SourceName);

    private readonly long _thresholdNanos = settings.StallThreshold.Ticks * TimeSpan.NanosecondsPerTick;
    private readonly Random _random = new();
    private LineBudget _budget = new(settings.PerSecond);

    /// <summary>Whether a connection becomes a trace when its handshake has ended well.</summary>
    public bool Samples(in StallSpan longest, long now) =>
        Source.HasListeners()
        && (longest.Nanos >= _thresholdNanos || _random.NextDouble() < settings.SampleRatio)
        && _budget.TryTake(now, out _);

    /// <summary>Whether one that did not becomes one at its end.</summary>
    public bool Keeps(CloseReason reason, in StallSpan longest, long now) =>
        Source.HasListeners() && (IsFailure(reason) || longest.Nanos >= _thresholdNanos) && _budget.TryTake(now, out _);

    /// <summary>One that said nothing is a health check's.</summary>
    private static bool IsFailure(CloseReason reason) =>
        reason != CloseReason.ClientClosedBeforeHello && CloseReasonFaults.FaultOf(reason) != Fault.None;

    public static ConnectionTrace? Begin(string listener, DateTimeOffset began)
    {
        var span = Source.StartActivity("TLS connection", ActivityKind.Server, default(ActivityContext), startTime: began);
        Activity.Current = null;
        if (span is null)
            return null;
        span.SetTag("listener", listener);
        return new ConnectionTrace(Source, span, began);
    }
}
