using Akka.Actor;
using TlsGateway.Actors.Balancing;
using TlsGateway.Actors.Buffers;
using TlsGateway.Actors.Settings;
using TlsGateway.Actors.Stalls;
using TlsGateway.Transport;

namespace TlsGateway.Actors.Connections;

/// <summary>
/// The upstream leg of one connection: connects, passes on what the downstream leg gives it, and gives that leg what the upstream sends. Handles the messages
/// of its <see cref="UpstreamActor"/>, which it has from begin to end of the leg.
/// </summary>
internal sealed partial class UpstreamLeg
{
    private const int ReceivesPerRun = 4;

    private static readonly ulong WriteStall = new StallKey(
        StallOperation.Write,
        StallWant.Write,
        StallLeg.Upstream,
        StallCause.Upstream
    ).Mask;
    private static readonly ulong NoCreditStall = new StallKey(
        StallOperation.Read,
        StallWant.Write,
        StallLeg.Upstream,
        StallCause.Client
    ).Mask;
    private static readonly StallKey SelfRead = new(StallOperation.Read, StallWant.Read, StallLeg.Upstream, StallCause.Self);
    private static readonly StallKey SelfWrite = new(StallOperation.Write, StallWant.Write, StallLeg.Upstream, StallCause.Self);
    private static readonly ulong Scope = StallKey.LegMask(StallLeg.Upstream);

    private readonly UpstreamSeed _seed;
    private readonly UpstreamActor _actor;
    private readonly EventLoop _loop;
    private readonly AppDataConsumed _returned = new();
    private SocketHandle? _socket;
    private AppDataQueue _pending;
    private int _credit;
    private int _owedCredit;
    private AppDataQueue _announcement;
    private EndpointUse? _use;
    private List<Endpoint>? _tried;
    private UpstreamQueue.Ticket? _ticket;
    private long _deadline;
    private Stage _stage = Stage.Connecting;
    private bool _readable;
    private bool _writable;
    private bool _received;
    private bool _downstreamClosed;
    private bool _writeShut;
    private bool _discarding;

    /// <summary>How the attempt at the present endpoint ended has been said.</summary>
    private long _connectSince;
    private bool _isSettled;

    /// <summary>Bytes of the client's have gone to an endpoint: no other one can have them.</summary>
    private bool _hasSent;

    /// <summary>The endpoint has sent a byte, or ended in order.</summary>
    private bool _hasAnswered;

    private enum Stage
    {
        /// <summary>Waits for a place at one of the endpoints.</summary>
        Queued,

        /// <summary>Waits for a TCP connection to one of the endpoints; ends with one, or with none left.</summary>
        Connecting,

        /// <summary>Waits for the end of the TLS handshake with it.</summary>
        Securing,

        /// <summary>Relays until it is ended.</summary>
        Open,

        /// <summary>Both directions have ended in order; waits to be ended.</summary>
        Over,

        /// <summary>Told the other leg that it cannot go on; waits to be ended.</summary>
        Failed,
    }

    private UpstreamSettings Settings => _seed.Upstream.Settings;

    /// <param name="seed">What it begins with.</param>
    /// <param name="actor">Whose it is, until <see cref="End"/>.</param>
    public UpstreamLeg(UpstreamSeed seed, UpstreamActor actor)
    {
        _seed = seed;
        _actor = actor;
        _loop = seed.Connection.Loop.Loop;
        _credit = seed.Connection.Generation.Settings.CreditBytes;
    }

    /// <summary>Begins to connect. Called once, first.</summary>
    public void Begin()
    {
        ConnectNext(UpstreamFailed.ConnectFailed);
        Settle();
    }

    /// <summary>Gives back all it has. Called once, and nothing after it.</summary>
    public void End()
    {
        _seed.Stalls.Update(Scope, 0, _loop.ReadTimestamp());
        _loop.Timers.Cancel(_actor.Timer);
        EndTls();
        _socket?.Close();
        LeaveQueue();
        LeaveEndpoint();
        _announcement.Clear();
        _pending.Clear();
    }

    /// <summary>Takes one message.</summary>
    /// <returns>False: no such message.</returns>
    public bool Handle(object message)
    {
        if (SpeaksTls && TellMachine(message))
        {
            RunTls();
            Settle();
            return true;
        }

        switch (message)
        {
            case SocketReadable:
                OnReadable();
                break;
            case AppData data when _discarding:
                _owedCredit += data.Length;
                data.Dispose();
                ReturnCredit();
                break;
            case AppData data:
                _pending.Add(data);
                break;
            case AppDataConsumed consumed:
                _credit += consumed.Take();
                break;
            case SocketWritable:
                OnWritable();
                break;
            case PeerClosed:
                _downstreamClosed = true;
                break;
            case TimerDue:
                OnDeadline();
                break;
            case EndpointMayBeFree turn:
                OnTurn(turn);
                break;
            default:
                return false;
        }

        switch (_stage)
        {
            case Stage.Connecting:
                WhileConnecting();
                break;
            case Stage.Securing:
                RunTls();
                break;
            case Stage.Open:
                if (SpeaksTls)
                    RunTls();
                else
                    WhileOpen();
                break;
            case Stage.Failed:
            case Stage.Over:
                _pending.Clear();
                break;
        }

        Settle();
        return true;
    }

    // A message may be of the socket before, which was given up when the message was on its way: what the present one can do is asked of it.

    private void OnReadable()
    {
        if (_socket is not { IsReadable: true } socket)
            return;
        _seed.Stalls.Serve(0, SelfRead, socket.ReadableSince, _loop.ReadTimestamp());
        _readable = true;
    }

    private void OnWritable()
    {
        if (_socket is not { IsWritable: true } socket)
            return;
        _seed.Stalls.Serve(WriteStall, SelfWrite, socket.WritableSince, _loop.ReadTimestamp());
        _writable = true;
    }

    private void Fail(UpstreamFailed why)
    {
        if (_stage == Stage.Failed)
            return;
        _stage = Stage.Failed;
        _announcement.Clear();
        _pending.Clear();
        _seed.Downstream.Tell(why, ActorRefs.NoSender);
    }

    private void Settle()
    {
        if (_stage == Stage.Queued)
        {
            Stall(WriteStall);
            return;
        }

        if (_stage is Stage.Failed or Stage.Over || _socket is not { IsOpen: true } socket)
        {
            Stall(0);
            return;
        }

        if (_session is { } session)
        {
            SettleTls(session, socket);
            return;
        }

        if (_stage == Stage.Connecting || (HasToSend && !_writable))
            socket.NotifyWritable();
        if (_stage == Stage.Open && !_readable && !_received)
            socket.NotifyReadable();
        Stall(
            _stage == Stage.Connecting || HasToSend ? WriteStall
            : _credit <= 0 ? NoCreditStall
            : 0
        );
    }

    private void Stall(ulong stalls)
    {
        if (((_seed.Stalls.Active ^ stalls) & Scope) != 0)
            _seed.Stalls.Update(Scope, stalls, _loop.ReadTimestamp());
    }
}
