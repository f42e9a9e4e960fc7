using Akka.Actor;
using TlsGateway.Actors.Connections;
using TlsGateway.Actors.Metrics;
using static TlsGateway.Actors.Listeners.ListenerProtocol;

namespace TlsGateway.Actors.Listeners;

/// <summary>
/// The permanent actor of one loop: keeps its dispatcher inhabited, supervises its listeners, passes on what concerns them, charges running stalls once a
/// second.
/// </summary>
/// <remarks>Top level; a crash would stop the loop's listeners, so it does nothing that can fail. Mailbox: control messages and one timer.</remarks>
internal sealed class LoopSupervisorActor(LoopContext loop) : UntypedActor
{
    private const long ChargeNanos = 1_000_000_000;

    private readonly Dictionary<string, (IActorRef Actor, ListenerCounters Counters)> _listeners = new(StringComparer.Ordinal);
    private readonly List<ListenerCounters> _charged = [];
    private ConnectionTimer? _timer;
    private IActorRef? _drainObserver;
    private int _draining;

    protected override void PreStart()
    {
        _timer = new ConnectionTimer(Self);
        Rearm();
    }

    protected override void PostStop() => loop.Loop.Timers.Cancel(_timer!);

    protected override SupervisorStrategy SupervisorStrategy() => Akka.Actor.SupervisorStrategy.StoppingStrategy;

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case TimerDue:
                foreach (var counters in _charged)
                    counters.Stalls.ChargeRunning(loop.Loop.ReadTimestamp());
                Rearm();
                break;
            case OpenListener open:
                Open(open);
                break;
            case UseGeneration use when _listeners.TryGetValue(use.Listener, out var used):
                used.Actor.Forward(use);
                break;
            case CloseListener close when _listeners.Remove(close.Listener, out var closed):
                closed.Actor.Forward(close);
                break;
            case BeginDrain:
                _drainObserver = Sender;
                foreach (var child in Context.GetChildren())
                {
                    _draining++;
                    child.Tell(BeginDrain.Instance);
                }

                AnswerWhenDrained();
                break;
            case Done:
                _draining--;
                AnswerWhenDrained();
                break;
            case EndDrain:
                foreach (var child in Context.GetChildren())
                    child.Tell(EndDrain.Instance);
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    private void Open(OpenListener open)
    {
        var actor = Context.ActorOf(
            Props
                .CreateBy(
                    new ActorProducer<ListenerActor, (LoopContext, OpenListener)>(
                        (loop, open),
                        static s => new ListenerActor(s.Item1, s.Item2)
                    )
                )
                .WithDeploy(loop.Pin)
        );
        _listeners[open.Generation.Settings.Name] = (actor, open.Counters);
        if (!_charged.Contains(open.Counters))
            _charged.Add(open.Counters);
        Sender.Tell(Done.Instance);
    }

    private void AnswerWhenDrained()
    {
        if (_draining > 0 || _drainObserver is null)
            return;
        _drainObserver.Tell(Done.Instance);
        _drainObserver = null;
    }

    private void Rearm() => loop.Loop.Timers.Schedule(_timer!, loop.Loop.ReadTimestamp() + ChargeNanos);
}
