using Akka.Actor;
using TlsGateway.Actors.Connections;
using TlsGateway.Transport;

namespace TlsGateway.Actors.Relaying;

/// <summary>Accepts on the relay port, for one loop: other members hand over connections there.</summary>
/// <remarks>Child of the loop's supervisor, which opens another when it crashes; until then connections are served where they were accepted. Its mailbox gets one readiness message, one timer, and one message for each arrival that ends, of which there are <see cref="MaxArrivals"/> at most.</remarks>
internal sealed class RelayPortActor : UntypedActor
{
    /// <summary>At a time that have not said what they are.</summary>
    public const int MaxArrivals = 256;

    private const int AcceptsPerRun = 32;
    private const int RefusalsPerSecond = 2;
    private const long RetryNanos = 100_000_000;

    private readonly LoopContext _loop;
    private readonly int _fd;
    private readonly Props _arrival;
    private LineBudget _refusals = new(RefusalsPerSecond);
    private SocketHandle? _socket;
    private ConnectionTimer? _retry;
    private int _arrivals;

    public RelayPortActor(LoopContext loop, int fd)
    {
        (_loop, _fd) = (loop, fd);
        _arrival = Props.Create(() => new RelayArrivalActor(loop)).WithDeploy(loop.Pin);
    }

    protected override void PreStart()
    {
        _retry = new ConnectionTimer(Self);
        try
        {
            _socket = _loop.Loop.RegisterListener(_fd, Self);
        }
        catch
        {
            TcpSocket.Close(_fd);
            throw;
        }

        _socket.NotifyReadable();
    }

    protected override void PostStop()
    {
        _loop.Loop.Timers.Cancel(_retry!);
        _socket?.Close();
    }

    protected override SupervisorStrategy SupervisorStrategy() => Akka.Actor.SupervisorStrategy.StoppingStrategy;

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case SocketReadable or TimerDue:
                Accept();
                break;
            case ArrivalEnded ended:
                OnEnded(ended);
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    private void Accept()
    {
        for (var i = 0; i < AcceptsPerRun; i++)
        {
            var accepted = TcpSocket.Accept(_fd);
            switch (accepted.Status)
            {
                case AcceptStatus.Ok:
                    Begin(accepted);
                    break;
                case AcceptStatus.Aborted:
                    break;
                case AcceptStatus.WouldBlock:
                    _socket!.NotifyReadable();
                    return;
                default:
                    RelayLog.AcceptFailed(_loop.Log, accepted.Errno);
                    _loop.Loop.Timers.Schedule(_retry!, _loop.Loop.ReadTimestamp() + RetryNanos);
                    return;
            }
        }

        _socket!.NotifyReadable();
    }

    private void Begin(in AcceptResult accepted)
    {
        SocketHandle socket;
        try
        {
            if (_arrivals >= MaxArrivals)
            {
                Refuse(accepted, RelayOutcome.Busy);
                return;
            }

            socket = _loop.Loop.Register(accepted.Fd, owner: null, isWritable: true);
        }
        catch (SocketSetupException)
        {
            Refuse(accepted, RelayOutcome.OutOfResources);
            return;
        }

        _arrivals++;
        Context.ActorOf(_arrival).Tell(new Arrival(socket, accepted.Peer), ActorRefs.NoSender);
    }

    private void Refuse(in AcceptResult accepted, RelayOutcome why)
    {
        TcpSocket.Close(accepted.Fd);
        Count(accepted.Peer, why);
    }

    private void OnEnded(ArrivalEnded ended)
    {
        _arrivals--;
        if (ended.Outcome is { } refused)
            Count(ended.Peer, refused);
    }

    private void Count(in InetEndPoint peer, RelayOutcome outcome)
    {
        _loop.RelayCounts.CountReceived(outcome);
        if (_refusals.TryTake(_loop.Loop.Now, out var leftOut))
            RelayLog.Refused(_loop.Log, peer, outcome, leftOut);
    }

    /// <summary>To the arrival's actor: its connection, owned from here on.</summary>
    internal sealed record Arrival(SocketHandle Socket, InetEndPoint Peer) : IDataPathMessage, IDisposable
    {
        public void Dispose() => Socket.Close();
    }

    /// <summary>From it, once. <paramref name="Outcome"/>: why it was refused; null: a listener has it.</summary>
    internal sealed record ArrivalEnded(InetEndPoint Peer, RelayOutcome? Outcome) : IDataPathMessage;
}
