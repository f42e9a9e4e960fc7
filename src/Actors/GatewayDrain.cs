using Akka.Actor;
using TlsGateway.Actors.Connections;
using TlsGateway.Actors.Listeners;

namespace TlsGateway.Actors;

/// <summary>Ends a gateway's connections over a time.</summary>
/// <param name="supervisors">Of the loops.</param>
/// <param name="open">Connections that are open.</param>
/// <param name="now">The loops' clock.</param>
internal sealed class GatewayDrain(IReadOnlyList<IActorRef> supervisors, Func<long> open, Func<long> now)
{
    /// <summary>Idle connections are closed so often at most, and in so many groups.</summary>
    private static readonly TimeSpan ShortestStep = TimeSpan.FromMilliseconds(250);
    private const int MaxSteps = 100;

    /// <summary>For other members to close what is relayed to them.</summary>
    private static readonly TimeSpan RelaysPatience = TimeSpan.FromSeconds(1);

    /// <summary>As <see cref="GatewayHost.DrainAsync"/> says it.</summary>
    /// <param name="timeout">From now.</param>
    /// <param name="shutdown">What connections have to end in after it.</param>
    /// <param name="room">Of others; null: not known.</param>
    /// <param name="endRelays">As there; null: nothing is relayed.</param>
    /// <param name="stopNow">Ends the waiting at once.</param>
    public async Task RunAsync(TimeSpan timeout, TimeSpan shutdown, Func<long>? room, Action? endRelays, CancellationToken stopNow)
    {
        var began = now();
        var drained = Task.WhenAll(
            supervisors.Select(s => s.Ask<ListenerProtocol.Done>(ListenerProtocol.BeginDrain.Instance, Timeout.InfiniteTimeSpan))
        );
        var half = timeout / 2;
        if (await EndsWithinAsync(drained, half, stopNow).ConfigureAwait(false) || stopNow.IsCancellationRequested)
            return;
        if (await CloseIdleAsync(drained, timeout - half, began, room, stopNow).ConfigureAwait(false) || stopNow.IsCancellationRequested)
            return;
        if (endRelays is not null)
        {
            // Who serves a connection can end it well, who relays it can only cut it.
            endRelays();
            if (await EndsWithinAsync(drained, RelaysPatience, stopNow).ConfigureAwait(false) || stopNow.IsCancellationRequested)
                return;
        }

        foreach (var supervisor in supervisors)
            supervisor.Tell(ListenerProtocol.EndDrain.Instance);
        await EndsWithinAsync(drained, shutdown + TimeSpan.FromSeconds(1), stopNow).ConfigureAwait(false);
    }

    /// <summary>Closes idle connections evenly over <paramref name="window"/>. True: none is left.</summary>
    private async Task<bool> CloseIdleAsync(Task drained, TimeSpan window, long began, Func<long>? room, CancellationToken stopNow)
    {
        var steps = (int)Math.Clamp(window / ShortestStep, 1, MaxSteps);
        var atStart = open();
        for (var step = 1; step <= steps; step++)
        {
            var surplus = Math.Min(open() - (atStart * (steps - step) / steps), room?.Invoke() ?? long.MaxValue);
            // Of a loop's connections as many as of another's: the kernel has spread them.
            var share = (int)Math.Min(int.MaxValue, (surplus + supervisors.Count - 1) / supervisors.Count);
            if (share > 0)
            {
                foreach (var supervisor in supervisors)
                    supervisor.Tell(new ListenerProtocol.CloseIdle(share, began), ActorRefs.NoSender);
            }

            if (await EndsWithinAsync(drained, window / steps, stopNow).ConfigureAwait(false) || stopNow.IsCancellationRequested)
                return true;
        }

        return false;
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
