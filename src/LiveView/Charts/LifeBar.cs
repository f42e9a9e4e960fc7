using TlsGateway.Actors.Inspection;

namespace TlsGateway.LiveView.Charts;

/// <summary>A part of a connection's life, as a bar over it.</summary>
/// <param name="Class">The class that colours it.</param>
/// <param name="Text">What it says.</param>
/// <param name="From">After accept.</param>
/// <param name="To">After accept.</param>
internal sealed record LifeBar(string Class, string Text, TimeSpan From, TimeSpan To)
{
    /// <summary>What it was doing: one bar after the other, from accept to now.</summary>
    public static IReadOnlyList<LifeBar> Steps(ConnectionSnapshot one)
    {
        List<LifeBar> bars = [];
        var at = TimeSpan.Zero;
        Step("lv-hello", "waiting for the ClientHello", one.HelloAfter);
        if (one.HelloAfter is not null && (one.Handshake is not null || one.ConnectedAfter is null))
        {
            Step("lv-shake", "handshake", one.Handshake);
        }
        if (at < one.Age || one.ConnectedAfter is not null)
        {
            Step("lv-reach", "connecting to the upstream", one.ConnectedAfter);
        }
        if (at < one.Age)
        {
            bars.Add(new LifeBar("lv-flow", "relaying", at, one.Age));
        }
        return bars;

        // A step that has not ended goes on to now.
        void Step(string colour, string text, TimeSpan? ended)
        {
            var to = ended ?? one.Age;
            if (to > at)
            {
                bars.Add(new LifeBar(colour, text, at, to));
                at = to;
            }
        }
    }

    /// <summary>The stalls that are known, and the one that runs.</summary>
    public static IReadOnlyList<LifeBar> Stalls(ConnectionSnapshot one)
    {
        var bars = one.Stalls.Select(static past => Of(past.Stall, past.After, past.After + past.Stall.Since)).ToList();
        if (one.Stall is { } running)
        {
            bars.Add(Of(running, one.Age - running.Since, one.Age));
        }
        return bars;
    }

    /// <summary>Where it lies in a window, in parts of it; null: outside.</summary>
    public (double Left, double Width)? In(TimeSpan from, TimeSpan to)
    {
        var (first, last) = (From < from ? from : From, To > to ? to : To);
        return last < first || to <= from ? null : ((first - from) / (to - from), (last - first) / (to - from));
    }

    private static LifeBar Of(ConnectionStall stall, TimeSpan from, TimeSpan to) =>
        new($"lv-{stall.Cause}", $"{stall.Cause}: {stall.Operation} {stall.Leg} WANT_{stall.Want.ToUpperInvariant()}", from, to);
}
