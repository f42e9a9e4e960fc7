using Akka.Actor;
using TlsGateway.Actors.Connections;
using TlsGateway.Actors.Limits;
using TlsGateway.Actors.Metrics;
using TlsGateway.Actors.Relaying;
using TlsGateway.Transport;
using static TlsGateway.Actors.Listeners.ListenerProtocol;

namespace TlsGateway.Actors.Listeners;

/// <summary>
/// Accepts on one listening socket of one loop and supervises the connections it made. SO_REUSEPORT gives each loop its own socket, so a connection lives
/// on the loop that accepted it.
/// </summary>
/// <remarks>
/// Supervised by <see cref="LoopSupervisorActor"/>, which stops it on failure (its connections stop with it and are counted) and opens another. The mailbox
/// holds at most one readiness message, one timer and one message per connection that ended.
/// </remarks>
internal sealed class ListenerActor : UntypedActor
{
    /// <summary>Accepts in one run before the accepted ones get their turn.</summary>
    private const int AcceptsPerRun = 32;

    /// <summary>
    /// Actors without a connection that are kept: enough for the connections of some milliseconds at any rate of handshakes that one core can bear, at 3 KiB each.
    /// </summary>
    private const int MaxIdle = 256;

    /// <summary>Out of descriptors or memory: nothing is accepted for this long, so that the loop does not spin on a ready socket.</summary>
    private const long RetryNanos = 100_000_000;

    /// <summary>Refused connections that are logged; the rest are counted.</summary>
    private const int RefusalsPerSecond = 5;

    private readonly LoopContext _loop;
    private readonly ListenerCounters _counters;
    private readonly int _fd;
    private readonly Stack<IActorRef> _idle = new();
    private readonly LimitState _limits;
    private LineBudget _refusals = new(RefusalsPerSecond);
    private ListenerGeneration _generation;
    private int _localPort;
    private SocketHandle? _socket;
    private ConnectionTimer? _retry;
    private bool _isDraining;
    private long _connections;
    private bool _isRemoved;

    public ListenerActor(LoopContext loop, OpenListener open)
    {
        _loop = loop;
        _fd = open.Fd;
        _generation = open.Generation;
        _counters = open.Counters;
        _limits = open.Limits;
    }

    protected override void PreStart()
    {
        _generation.Acquire();
        _retry = new ConnectionTimer(Self);
        try
        {
            _socket = _loop.Loop.RegisterListener(_fd, Self);
        }
        catch
        {
            // Nobody else closes it, and the supervisor opens another each second.
            TcpSocket.Close(_fd);
            throw;
        }

        _localPort = TcpSocket.LocalEndPoint(_fd).Port;
        _socket.NotifyReadable();
    }

    protected override void PostStop()
    {
        _loop.Loop.Timers.Cancel(_retry!);
        _socket?.Close();
        _generation.Release();
    }

    protected override SupervisorStrategy SupervisorStrategy() => Akka.Actor.SupervisorStrategy.StoppingStrategy;

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case SocketReadable:
            case TimerDue:
                Accept();
                break;
            case RelayedConnection relayed:
                AdmitRelayed(relayed);
                break;
            case ConnectionSeed seed:
                // No other member took it.
                Serve(seed);
                if (_isDraining)
                    TellConnections(Drain.Instance);
                break;
            case ConnectionEnded:
                _connections--;
                Keep(Sender);
                AnswerWhenDrained();
                StopWhenUnused();
                break;
            case UseGeneration use:
                use.Generation.Acquire();
                _generation.Release();
                _generation = use.Generation;
                Sender.Tell(Done.Instance);
                break;
            case CloseListener:
                StopAccepting();
                _isRemoved = true;
                Sender.Tell(Done.Instance);
                StopWhenUnused();
                break;
            case BeginDrain:
                StopAccepting();
                TellConnections(Drain.Instance);
                _isDraining = true;
                AnswerWhenDrained();
                break;
            case EndDrain:
                TellConnections(CloseNow.Instance);
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    private void Accept()
    {
        if (_socket is not { IsOpen: true } socket)
            return;
        for (var i = 0; i < AcceptsPerRun; i++)
        {
            var accepted = TcpSocket.Accept(_fd);
            switch (accepted.Status)
            {
                case AcceptStatus.Ok:
                    Admit(accepted);
                    break;
                case AcceptStatus.Aborted:
                    break;
                case AcceptStatus.WouldBlock:
                    socket.NotifyReadable();
                    return;
                default:
                    _counters.AcceptErrors++;
                    ListenerLog.AcceptFailed(_loop.Log, _generation.Settings.Name, accepted.Errno);
                    _loop.Loop.Timers.Schedule(_retry!, _loop.Loop.ReadTimestamp() + RetryNanos);
                    return;
            }
        }

        // The queue may hold more; the connections accepted so far come first.
        socket.NotifyReadable();
    }

    private void Admit(in AcceptResult accepted)
    {
        _counters.Accepted++;
        if (IsDenied(accepted.Peer))
        {
            // Not a byte is spent on it: unread bytes make the close a reset, which is just as well.
            CountRefused(CloseReason.AddressDenied, accepted.Peer);
            TcpSocket.Close(accepted.Fd);
            return;
        }

        if (Admits(accepted.Peer, out var limits) is var reason and not CloseReason.None)
        {
            CountRefused(reason, accepted.Peer);
            Refusal.Send(accepted.Fd);
            return;
        }

        SocketHandle socket;
        try
        {
            socket = _loop.Loop.Register(accepted.Fd, owner: null, isWritable: true);
        }
        catch (SocketSetupException)
        {
            _counters.AcceptErrors++;
            limits?.Leave();
            TcpSocket.Close(accepted.Fd);
            return;
        }

        var seed = Enter(socket, accepted.Peer, _localPort, limits);
        if (_loop.Relays?.Placement.Place() is { } target)
            Context.ActorOf(Props.Create(() => new RelayActor(_loop, seed, target)).WithDeploy(_loop.Pin));
        else
            Serve(seed);
    }

    /// <summary>Takes what another member has accepted, as if it had come here; it is not passed on again. Without room it is closed before it was confirmed, and that member serves it.</summary>
    private void AdmitRelayed(RelayedConnection relayed)
    {
        var (socket, request, confirmation) = relayed;
        ConnectionLimits? limits = null;
        if (
            _socket is not { IsOpen: true }
            || IsDenied(request.Client)
            || Admits(request.Client, out limits) != CloseReason.None
            || socket.Send(confirmation).Bytes != confirmation.Length
        )
        {
            limits?.Leave();
            socket.Close();
            _loop.RelayCounts.CountReceived(RelayOutcome.NoRoom);
            return;
        }

        _loop.RelayCounts.CountReceived(RelayOutcome.Relayed);
        _counters.Accepted++;
        Serve(Enter(socket, request.Client, request.Destination.Port, limits) with { Relayed = request });
    }

    private ConnectionSeed Enter(SocketHandle socket, in InetEndPoint client, int localPort, ConnectionLimits? limits)
    {
        _connections++;
        _counters.Opened();
        _loop.Resources.Opened();
        _generation.Enter();
        return new ConnectionSeed(_loop, _generation, _counters, socket, client, localPort, limits);
    }

    private void Serve(ConnectionSeed seed)
    {
        if (!_idle.TryPop(out var actor))
            actor = Context.ActorOf(_loop.ConnectionProps);
        actor.Tell(seed, ActorRefs.NoSender);
    }

    /// <summary>Whether there is room for one more: in the process, at the listener, for its client.</summary>
    private CloseReason Admits(in InetEndPoint peer, out ConnectionLimits? limits)
    {
        limits = null;
        var resources = _loop.Resources;
        if (resources.Memory != MemoryLevel.Normal)
            return CloseReason.MemoryPressure;
        if (resources.Connections >= resources.MaxConnections)
            return CloseReason.OutOfDescriptors;
        if (_counters.OpenEverywhere >= _generation.Settings.MaxConnections)
            return CloseReason.TooManyConnections;
        InetEndPoint? client = IsOfProxy(peer) ? null : peer;
        return ConnectionLimits.Enter(_loop.Limits, _limits, client, _loop.Loop.Now, out limits);
    }

    private void CountRefused(CloseReason reason, in InetEndPoint peer)
    {
        _counters.CountRefused(reason);
        _counters.CountClosed(reason);
        if (_refusals.TryTake(_loop.Loop.Now, out var leftOut))
            ListenerLog.Refused(_loop.Log, _generation.Settings.Name, peer, reason, leftOut);
    }

    /// <summary>Keeps an actor that has no connection for the next one, up to a bound; one that failed does not say who it is.</summary>
    private void Keep(IActorRef actor)
    {
        if (actor.IsNobody() || actor == Context.System.DeadLetters)
            return;
        if (_idle.Count < MaxIdle && !_isRemoved)
            _idle.Push(actor);
        else
            Context.Stop(actor);
    }

    /// <summary>Of a proxy in front the address says nothing: the one in its header will be looked at.</summary>
    private bool IsDenied(in InetEndPoint peer)
    {
        return _generation.Settings.Access is { } access && !IsOfProxy(peer) && !access.Admits(peer);
    }

    private bool IsOfProxy(in InetEndPoint peer) => _generation.Settings.ProxyProtocolFrom?.Contains(peer) == true;

    private void StopAccepting()
    {
        if (_socket is not { IsOpen: true } socket)
            return;
        // Connections that the kernel has completed were promised to us: closing now would reset them.
        for (var accepted = TcpSocket.Accept(_fd); accepted.Status == AcceptStatus.Ok; accepted = TcpSocket.Accept(_fd))
            Admit(accepted);
        _loop.Loop.Timers.Cancel(_retry!);
        socket.Close();
    }

    private void TellConnections(object message)
    {
        foreach (var child in Context.GetChildren())
            child.Tell(message, ActorRefs.NoSender);
    }

    private void StopWhenUnused()
    {
        if (_isRemoved && _connections == 0)
            Context.Stop(Self);
    }

    private void AnswerWhenDrained()
    {
        if (_connections > 0 || !_isDraining)
            return;
        _isDraining = false;
        Context.Parent.Tell(Drained.Instance);
    }
}
