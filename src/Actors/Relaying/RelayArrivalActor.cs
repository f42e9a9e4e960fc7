using System.Security.Cryptography;
using Akka.Actor;
using TlsGateway.Actors.Connections;
using TlsGateway.Transport;

namespace TlsGateway.Actors.Relaying;

/// <summary>Finds out who connected to the relay port, and hands a member's connection to the listener that it is for.</summary>
/// <remarks>Lives for one arrival. A crash closes it. Its mailbox gets one message at a time: readiness, a timer, the listener's answer.</remarks>
internal sealed class RelayArrivalActor(LoopContext loop) : UntypedActor
{
    private readonly byte[] _challenge = new byte[RelayHandshake.ChallengeBytes];
    private readonly byte[] _received = new byte[RelayHandshake.MaxRequestBytes];
    private int _count;
    private SocketHandle? _socket;
    private InetEndPoint _peer;
    private ConnectionTimer? _timer;
    private RelayOutcome? _outcome = RelayOutcome.TimedOut;

    protected override void PostStop()
    {
        if (_timer is not null)
            loop.Loop.Timers.Cancel(_timer);
        _socket?.Close();
        CryptographicOperations.ZeroMemory(_challenge);
        Context.Parent.Tell(new RelayPortActor.ArrivalEnded(_peer, _outcome), ActorRefs.NoSender);
    }

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case RelayPortActor.Arrival arrival:
                Begin(arrival);
                break;
            case SocketReadable:
                Receive();
                break;
            case TimerDue:
                Context.Stop(Self);
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    private void Begin(RelayPortActor.Arrival arrival)
    {
        (_socket, _peer) = (arrival.Socket, arrival.Peer);
        _socket.Owner = Self;
        var settings = loop.Relays!;
        RelayHandshake.WriteChallenge(_challenge);
        _socket.WatchPeer(settings.PeerIdle, settings.PeerGone);
        if (_socket.Send(_challenge) is not { Status: IoStatus.Ok, Bytes: RelayHandshake.ChallengeBytes })
        {
            Context.Stop(Self);
            return;
        }

        _timer = new ConnectionTimer(Self);
        loop.Loop.Timers.Schedule(_timer, loop.Loop.ReadTimestamp() + (settings.Timeout.Ticks * TimeSpan.NanosecondsPerTick));
        _socket.NotifyReadable();
    }

    private void Receive()
    {
        var result = _socket!.Receive(_received.AsSpan(_count));
        if (result.Status == IoStatus.Ok)
            _count += result.Bytes;
        else if (result.Status != IoStatus.WouldBlock)
        {
            // A member that thought better of it, or a look whether the port is open.
            _outcome = _count == 0 ? RelayOutcome.Declined : RelayOutcome.Malformed;
            Context.Stop(Self);
            return;
        }

        var confirmation = new byte[RelayHandshake.ConfirmationBytes];
        switch (RelayHandshake.Read(_received.AsSpan(0, _count), _challenge, loop.Relays!.Keys, out var request, confirmation))
        {
            case null:
                _socket.NotifyReadable();
                return;
            case RelayOutcome.Relayed:
                HandOver(request!, confirmation);
                break;
            case { } refused:
                _outcome = refused;
                break;
        }

        Context.Stop(Self);
    }

    private void HandOver(RelayRequest request, byte[] confirmation)
    {
        if (!loop.Listeners.TryGetValue(request.Listener, out var listener))
        {
            _outcome = RelayOutcome.UnknownListener;
            return;
        }

        var socket = _socket!;
        _socket = null;
        socket.Owner = null;
        // The listener counts what becomes of it.
        _outcome = null;
        listener.Tell(new RelayedConnection(socket, request, confirmation), ActorRefs.NoSender);
    }
}

/// <summary>To a listener: a connection that another member has accepted. Its socket is owned by the receiver from here on.</summary>
/// <param name="Confirmation">To be sent when it is taken; else it is closed, and the other member serves it.</param>
internal sealed record RelayedConnection(SocketHandle Socket, RelayRequest Request, byte[] Confirmation) : IDataPathMessage, IDisposable
{
    public void Dispose() => Socket.Close();
}
