using Akka.Actor;
using TlsGateway.Actors.Connections;
using TlsGateway.Actors.Listeners;
using TlsGateway.Transport;

namespace TlsGateway.Actors.Relaying;

/// <summary>
/// Hands a connection that was accepted here, of which no byte was read yet, to another member, and passes on what goes either way until both have ended. When that member does not take it, it goes back to the
/// listener, which serves it.
/// </summary>
/// <remarks>One for each connection, child of the listener's actor on the same loop. A crash ends its connection. Its mailbox gets at most one readiness message for each direction of either socket, and one timer.</remarks>
internal sealed class RelayActor : UntypedActor
{
    private readonly LoopContext _loop;
    private readonly RelaySettings _settings;
    private readonly ConnectionSeed _seed;
    private readonly RelayTarget _target;
    private readonly byte[] _received = new byte[Math.Max(RelayHandshake.ChallengeBytes, RelayHandshake.ConfirmationBytes)];
    private int _receivedCount;
    private byte[] _challenge = [];
    private byte[] _request = [];
    private RelayKey? _key;
    private SocketHandle? _member;
    private ConnectionTimer? _timer;
    private RelayFlow? _up;
    private RelayFlow? _down;
    private State _state;

    public RelayActor(LoopContext loop, ConnectionSeed seed, RelayTarget target)
    {
        (_loop, _seed, _target) = (loop, seed, target);
        _settings = loop.Relays!;
    }

    protected override void PreStart()
    {
        _timer = new ConnectionTimer(Self);
        _key = _settings.Keys.Sealing;
        var fd = _key is null ? -1 : TcpSocket.Connect(_target.Address, out _);
        if (fd < 0)
        {
            GiveBack(RelayOutcome.ConnectFailed);
            return;
        }

        try
        {
            _member = _loop.Loop.Register(fd, Self);
        }
        catch (SocketSetupException)
        {
            TcpSocket.Close(fd);
            GiveBack(RelayOutcome.OutOfResources);
            return;
        }

        _member.WatchPeer(_settings.PeerIdle, _settings.PeerGone);
        _member.NotifyReadable();
        _loop.Loop.Timers.Schedule(_timer, _loop.Loop.ReadTimestamp() + (_settings.Timeout.Ticks * TimeSpan.NanosecondsPerTick));
    }

    protected override void PostStop()
    {
        _loop.Loop.Timers.Cancel(_timer!);
        _up?.End();
        _down?.End();
        _member?.Close();
        switch (_state)
        {
            case State.GivenBack:
                return;
            case State.Relaying:
                _seed.Socket.Close();
                _seed.LeaveRelayed();
                _loop.RelayCounts.Closed(_target.Member);
                break;
            default:
                _seed.Release(CloseReason.Stopped);
                break;
        }

        Context.Parent.Tell(ConnectionEnded.Instance, ActorRefs.NoSender);
    }

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case SocketReadable or SocketWritable when _state == State.Relaying:
                Move();
                break;
            case SocketReadable when _state is State.AwaitingChallenge or State.AwaitingConfirmation:
                Receive();
                break;
            case TimerDue when _state is State.AwaitingChallenge or State.AwaitingConfirmation:
                GiveBack(RelayOutcome.TimedOut);
                break;
            case CloseNow:
                Context.Stop(Self);
                break;
            case IDataPathMessage:
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    private void Receive()
    {
        var result = _member!.Receive(_received.AsSpan(_receivedCount));
        switch (result.Status)
        {
            case IoStatus.Ok:
                _receivedCount += result.Bytes;
                break;
            case IoStatus.WouldBlock:
                break;
            default:
                GiveBack(_receivedCount == 0 && _state == State.AwaitingChallenge ? RelayOutcome.ConnectFailed : RelayOutcome.Declined);
                return;
        }

        if (_state == State.AwaitingChallenge && _receivedCount == RelayHandshake.ChallengeBytes)
            Request();
        else if (_state == State.AwaitingConfirmation && _receivedCount == RelayHandshake.ConfirmationBytes)
            Confirmed();
        else
            _member.NotifyReadable();
    }

    private void Request()
    {
        if (!RelayHandshake.IsChallenge(_received))
        {
            GiveBack(RelayOutcome.NotAuthentic);
            return;
        }

        _challenge = _received.AsSpan(0, _receivedCount).ToArray();
        _receivedCount = 0;
        var request = new RelayRequest(_seed.Generation.Settings.Name, _settings.Self, _seed.Peer, _seed.Socket.LocalEndPoint());
        Span<byte> written = stackalloc byte[RelayHandshake.MaxRequestBytes];
        _request = written[..RelayHandshake.WriteRequest(request, _challenge, _key!, written)].ToArray();
        // The first bytes on a fresh connection: they fit, or it is broken.
        if (_member!.Send(_request) is not { Status: IoStatus.Ok } sent || sent.Bytes != _request.Length)
        {
            GiveBack(RelayOutcome.Declined);
            return;
        }

        _state = State.AwaitingConfirmation;
        _member.NotifyReadable();
    }

    private void Confirmed()
    {
        if (!RelayHandshake.IsConfirmation(_received.AsSpan(0, _receivedCount), _challenge, _request, _key!))
        {
            GiveBack(RelayOutcome.NotAuthentic);
            return;
        }

        _loop.Loop.Timers.Cancel(_timer!);
        _state = State.Relaying;
        _loop.RelayCounts.CountSent(RelayOutcome.Relayed);
        _loop.RelayCounts.Opened(_target.Member);
        _seed.HandOver();
        _seed.Socket.Owner = Self;
        _up = new RelayFlow(_loop.Loop, _seed.Socket, _member!);
        _down = new RelayFlow(_loop.Loop, _member!, _seed.Socket);
        Move();
    }

    private void Move()
    {
        var isWhole = _up!.Move() && _down!.Move();
        _loop.RelayCounts.ToMembers += _up.TakeMoved();
        _loop.RelayCounts.FromMembers += _down!.TakeMoved();
        if (isWhole && !(_up.IsDone && _down.IsDone))
            return;
        if (!isWhole)
        {
            // One side was reset: so is the other.
            _seed.Socket.ResetOnClose();
            _member!.ResetOnClose();
        }

        Context.Stop(Self);
    }

    /// <summary>It is served here.</summary>
    private void GiveBack(RelayOutcome why)
    {
        _state = State.GivenBack;
        _loop.RelayCounts.CountSent(why);
        RelayLog.NotTaken(_loop.Log, _target, why);
        Context.Parent.Tell(_seed, ActorRefs.NoSender);
        Context.Stop(Self);
    }

    private enum State
    {
        AwaitingChallenge,
        AwaitingConfirmation,
        Relaying,
        GivenBack,
    }
}
