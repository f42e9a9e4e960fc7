using Akka.Actor;
using TlsGateway.Actors.Connections;
using TlsGateway.Actors.Inspection;
using TlsGateway.Actors.Metrics;
using TlsGateway.Actors.Relaying;
using TlsGateway.Transport;
using static TlsGateway.Actors.Listeners.ListenerProtocol;

namespace TlsGateway.Actors.Listeners;

/// <summary>
/// The permanent actor of one loop: keeps its dispatcher inhabited, supervises its listeners and replaces those that fail, passes on what concerns them,
/// charges running stalls.
/// </summary>
/// <remarks>Top level; a crash would stop the loop's listeners, so it does nothing that can fail. Mailbox: control messages and one timer.</remarks>
internal sealed class LoopSupervisorActor(LoopContext loop) : UntypedActor
{
    /// <summary>Ticks between two rounds of charging stalls and opening failed listeners again: one that fails at once each time must not take the whole loop.</summary>
    private const int TicksPerRound = 4;

    /// <summary>Between two looks at how far behind the loop is.</summary>
    private const long TickNanos = 250_000_000;

    private readonly Dictionary<string, ListenerSlot> _current = new(StringComparer.Ordinal);

    /// <summary>Those of <see cref="_current"/> and closed ones whose connections go on.</summary>
    private readonly List<ListenerSlot> _slots = [];
    private readonly List<ListenerCounters> _charged = [];
    private readonly LoopInspection _inspection = new(loop);
    private ConnectionTimer? _timer;
    private IActorRef? _drainObserver;
    private IActorRef? _relayPort;
    private bool _isDraining;
    private int _ticks;
    private long _due;

    protected override void PreStart()
    {
        _timer = new ConnectionTimer(Self);
        Rearm();
    }

    protected override void PostStop()
    {
        loop.Loop.Timers.Cancel(_timer!);
        foreach (var slot in _slots)
            slot.Generation.Release();
    }

    protected override SupervisorStrategy SupervisorStrategy() => Akka.Actor.SupervisorStrategy.StoppingStrategy;

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case TimerDue:
                OnTick();
                break;
            case GiveBackMemory giveBack:
                loop.Loop.Buffers.Trim();
                if (giveBack.ClosesIdle)
                    loop.Connections.CloseSomeForMemory(loop.Loop.ReadTimestamp());
                break;
            case CloseIdle close:
                close.Next(
                    loop.Connections.CloseLongestIdle(loop.Loop.ReadTimestamp(), close.Share, close.Since, CloseNow.Instance, close.Origin)
                );
                break;
            case Retire retire:
                loop.Connections.Retire(loop.Loop.ReadTimestamp(), retire.Count, retire.IdleSince, retire.BegunBefore);
                break;
            case CloseRelayed close:
                loop.Connections.CloseRelayed(close.Origin);
                break;
            case EndEvents:
                loop.Events.Complete();
                Sender.Tell(Done.Instance);
                break;
            case OpenListener open:
                Open(open);
                break;
            case UseGeneration use:
                Use(use);
                break;
            case CloseListener close:
                Close(close.Listener);
                break;
            case Done:
                SlotOf(Sender)?.Answered();
                break;
            case OpenRelayPort open:
                OpenRelayPort(open.Fd);
                Sender.Tell(Done.Instance);
                break;
            case Terminated ended when ended.ActorRef.Equals(_relayPort):
                _relayPort = null;
                ListenerLog.Failed(loop.Log, "relay", loop.Loop.Index);
                break;
            case Terminated ended:
                OnEnded(SlotOf(ended.ActorRef)!);
                break;
            case BeginDrain:
                Drain();
                break;
            case Drained when SlotOf(Sender) is { } drained:
                drained.IsDraining = false;
                AnswerWhenDrained();
                break;
            case InspectionProtocol.Order order:
                _inspection.PassOn(order, Sender);
                break;
            case EndDrain:
                foreach (var slot in _slots)
                    slot.Actor?.Tell(EndDrain.Instance);
                break;
            default:
                if (_inspection.Answer(message) is { } answer)
                    Sender.Tell(answer);
                else
                    Unhandled(message);
                break;
        }
    }

    private void OnTick()
    {
        var now = loop.Loop.ReadTimestamp();
        // The word of the timer has waited for the loop to come round, and among all other messages, as a connection's would. A worst moment counts for some ticks, less each time.
        loop.DelayNanos = Math.Max(now - _due, loop.DelayNanos / 2);
        loop.LongestTurnNanos = Math.Max(loop.Loop.Counters.TakeLongestTurn(), loop.LongestTurnNanos / 2);
        if (++_ticks == TicksPerRound)
        {
            _ticks = 0;
            foreach (var counters in _charged)
                counters.Stalls.ChargeRunning(now);
            loop.Events.HandOver();
            if (!_isDraining)
                ReopenFailed();
        }

        Rearm();
    }

    private void Open(OpenListener open)
    {
        var slot = new ListenerSlot(TcpSocket.LocalEndPoint(open.Fd), open.Generation, open.Counters, open.Limits);
        _slots.Add(slot);
        _current[slot.Name] = slot;
        if (!_charged.Contains(open.Counters))
            _charged.Add(open.Counters);
        Start(slot, open.Fd);
        Sender.Tell(Done.Instance);
    }

    private void Start(ListenerSlot slot, int fd)
    {
        slot.Actor = Context.Watch(
            Context.ActorOf(
                Props
                    .Create(() => new ListenerActor(loop, new OpenListener(fd, slot.Generation, slot.Counters, slot.Limits)))
                    .WithDeploy(loop.Pin)
            )
        );
        loop.Listeners[slot.Name] = slot.Actor;
    }

    private void OpenRelayPort(int fd) =>
        _relayPort = Context.Watch(Context.ActorOf(Props.Create(() => new RelayPortActor(loop, fd)).WithDeploy(loop.Pin)));

    private void Use(UseGeneration use)
    {
        if (!_current.TryGetValue(use.Listener, out var slot))
        {
            use.Generation.Release();
            Sender.Tell(Done.Instance);
            return;
        }

        slot.Use(use.Generation);
        slot.Ask(use, Sender, Self);
    }

    private void Close(string listener)
    {
        if (!_current.Remove(listener, out var slot))
        {
            // Closed before, by a request whose answer came too late.
            Sender.Tell(Done.Instance);
            return;
        }

        slot.IsClosed = true;
        loop.Listeners.Remove(listener);
        slot.Ask(new CloseListener(listener), Sender, Self);
        if (slot.Actor is null)
            Forget(slot);
    }

    private void OnEnded(ListenerSlot slot)
    {
        slot.Ended();
        if (_current.GetValueOrDefault(slot.Name) == slot)
            loop.Listeners.Remove(slot.Name);
        slot.IsDraining = false;
        if (slot.IsClosed || _isDraining)
        {
            Forget(slot);
            AnswerWhenDrained();
            return;
        }

        ListenerLog.Failed(loop.Log, slot.Name, loop.Loop.Index);
    }

    private void ReopenFailed()
    {
        foreach (var slot in _slots)
        {
            if (slot.Actor is null)
                Reopen(slot);
        }

        if (_relayPort is null && loop.Relays is not null)
            ReopenRelayPort(loop.Relays);
    }

    private void ReopenRelayPort(RelaySettings relays)
    {
        try
        {
            OpenRelayPort(TcpSocket.Listen(InetEndPoint.From(relays.Bind), RelayPortActor.MaxArrivals, reusePort: true));
        }
        catch (SocketSetupException refused)
        {
            ListenerLog.ReopenFailed(loop.Log, "relay", loop.Loop.Index, refused.Message);
        }
    }

    private void Reopen(ListenerSlot slot)
    {
        try
        {
            Start(slot, TcpSocket.Listen(slot.Address, slot.Generation.Settings.Backlog, reusePort: true));
            ListenerLog.Reopened(loop.Log, slot.Name, loop.Loop.Index);
        }
        catch (SocketSetupException refused)
        {
            ListenerLog.ReopenFailed(loop.Log, slot.Name, loop.Loop.Index, refused.Message);
        }
    }

    private void Drain()
    {
        _isDraining = true;
        _drainObserver = Sender;
        foreach (var slot in _slots)
        {
            slot.IsDraining = slot.Actor is not null;
            slot.Actor?.Tell(BeginDrain.Instance);
        }

        AnswerWhenDrained();
    }

    private void AnswerWhenDrained()
    {
        if (_drainObserver is null || _slots.Exists(static s => s.IsDraining))
            return;
        _drainObserver.Tell(Done.Instance);
        _drainObserver = null;
    }

    private void Forget(ListenerSlot slot)
    {
        slot.Generation.Release();
        _slots.Remove(slot);
        if (_current.GetValueOrDefault(slot.Name) == slot)
            _current.Remove(slot.Name);
    }

    private ListenerSlot? SlotOf(IActorRef listener) => _slots.Find(s => listener.Equals(s.Actor));

    private void Rearm()
    {
        // The wheel turns in steps: up to the next one nobody is late.
        var due = loop.Loop.ReadTimestamp() + TickNanos;
        _due = due + TimerWheel.TickNanos - 1 - ((due + TimerWheel.TickNanos - 1) % TimerWheel.TickNanos);
        loop.Loop.Timers.Schedule(_timer!, _due);
    }
}
