using Akka.Actor;
using TlsGateway.Actors.Listeners;
using TlsGateway.Actors.Metrics;
using TlsGateway.Transport;

namespace TlsGateway.Actors;

/// <summary>Ends a gateway's connections over a time: those that it serves, and those that it relays to other members.</summary>
/// <param name="supervisors">Of the loops.</param>
/// <param name="metrics">How many connections are open and relayed.</param>
/// <param name="now">The loops' clock.</param>
/// <param name="peers">The other members; null: there are none.</param>
internal sealed class GatewayDrain(IReadOnlyList<IActorRef> supervisors, GatewayMetrics metrics, Func<long> now, IDrainPeers? peers)
{
    /// <summary>Idle connections are closed so often at most, and in so many groups.</summary>
    private static readonly TimeSpan ShortestStep = TimeSpan.FromMilliseconds(250);
    private const int MaxSteps = 100;

    /// <summary>For other members to close what is relayed to them.</summary>
    private static readonly TimeSpan RelaysPatience = TimeSpan.FromSeconds(1);

    /// <summary>Of the connections that are relayed to each member.</summary>
    private readonly Dictionary<string, DrainPace> _relayed = new(StringComparer.Ordinal);

    /// <summary>As <see cref="GatewayHost.DrainAsync"/> says it.</summary>
    /// <param name="timeout">From now.</param>
    /// <param name="shutdown">What connections have to end in after it.</param>
    /// <param name="stopNow">Ends the waiting at once.</param>
    public async Task RunAsync(TimeSpan timeout, TimeSpan shutdown, CancellationToken stopNow)
    {
        var began = now();
        var drained = Task.WhenAll(
            supervisors.Select(s => s.Ask<ListenerProtocol.Done>(ListenerProtocol.BeginDrain.Instance, Timeout.InfiniteTimeSpan))
        );
        var half = timeout / 2;
        if (await EndsWithinAsync(drained, half, stopNow).ConfigureAwait(false) || stopNow.IsCancellationRequested)
            return;
        if (await CloseIdleAsync(drained, timeout - half, began, stopNow).ConfigureAwait(false) || stopNow.IsCancellationRequested)
            return;
        if (peers is not null && metrics.RelayedConnections > 0)
        {
            // Who serves a connection can end it well, who relays it can only cut it.
            peers.EndRelays();
            if (await EndsWithinAsync(drained, RelaysPatience, stopNow).ConfigureAwait(false) || stopNow.IsCancellationRequested)
                return;
        }

        foreach (var supervisor in supervisors)
            supervisor.Tell(ListenerProtocol.EndDrain.Instance);
        await EndsWithinAsync(drained, shutdown + TimeSpan.FromSeconds(1), stopNow).ConfigureAwait(false);
    }

    /// <summary>Closes idle connections evenly over <paramref name="window"/>. True: none is left.</summary>
    private async Task<bool> CloseIdleAsync(Task drained, TimeSpan window, long began, CancellationToken stopNow)
    {
        var steps = (int)Math.Clamp(window / ShortestStep, 1, MaxSteps);
        DrainPace own = new(metrics.OpenConnections, steps, credit: 0);
        for (var step = 0; step < steps; step++)
        {
            CloseSome(own, began, step, steps - step);
            if (await EndsWithinAsync(drained, window / steps, stopNow).ConfigureAwait(false) || stopNow.IsCancellationRequested)
                return true;
        }

        return false;
    }

    private void CloseSome(DrainPace own, long began, int step, int stepsLeft)
    {
        List<Due> all = [Due.Of(member: null, own, metrics.OpenConnections)];
        foreach (var (member, open) in metrics.RelayedTo())
        {
            if (!_relayed.TryGetValue(member, out var pace))
            {
                // The golden ratio puts any number of them evenly between two connections.
                _relayed.Add(member, pace = new DrainPace(open, stepsLeft, credit: (_relayed.Count + 1) * 0.618034 % 1));
            }

            all.Add(Due.Of(member, pace, open));
        }

        // All their clients come to the other members, whoever served them before.
        var room = peers?.Room ?? long.MaxValue;
        var due = all.Sum(static one => (long)one.Count);
        foreach (var one in all)
        {
            // Of the room that is left, its part of what is left.
            var count = (int)(due <= room ? one.Count : one.Count * room / due);
            due -= one.Count;
            room -= count;
            one.Pace.Told(count, one.Count, one.Open);
            if (count == 0)
                continue;
            if (one.Member is null)
                ListenerProtocol.CloseIdle.Begin(supervisors, step, count, began, origin: null);
            else
                peers?.CloseIdleRelayed(one.Member, count, TimeSpan.FromTicks((now() - began) / TimeSpan.NanosecondsPerTick));
        }
    }

    /// <summary>What comes next of the connections that one member serves; null: this one.</summary>
    private readonly record struct Due(string? Member, DrainPace Pace, long Open, int Count)
    {
        public static Due Of(string? member, DrainPace pace, long open) => new(member, pace, open, pace.Next(open));
    }

    private static async Task<bool> EndsWithinAsync(Task task, TimeSpan timeout, CancellationToken stopNow)
    {
        try
        {
            await task.WaitAsync(timeout, stopNow).ConfigureAwait(false);
            return true;
        }
        catch (Exception e) when (e is TimeoutException or OperationCanceledException)
        {
            return false;
        }
    }
}
