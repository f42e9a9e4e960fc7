using Akka.Actor;
using TlsGateway.Actors.Balancing;
using TlsGateway.Actors.Buffers;
using TlsGateway.Actors.ProxyProtocol;
using TlsGateway.Actors.Sessions;
using TlsGateway.Actors.Settings;
using TlsGateway.Actors.Stalls;
using TlsGateway.Transport;

namespace TlsGateway.Actors.Connections;

/// <summary>
/// The upstream leg of one connection: connects, passes on what the downstream leg gives it, and gives that leg what the upstream sends. Handles the messages
/// of its <see cref="UpstreamActor"/>, which it has from begin to end of the leg.
/// </summary>
internal sealed class UpstreamLeg
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
    private int _headerLeft;
    private Endpoint? _endpoint;
    private List<Endpoint>? _tried;
    private Stage _stage = Stage.Connecting;
    private bool _readable;
    private bool _writable;
    private bool _received;
    private bool _downstreamClosed;
    private bool _writeShut;
    private bool _discarding;

    private enum Stage
    {
        /// <summary>Waits for a TCP connection to one of the endpoints; ends with one, or with none left.</summary>
        Connecting,

        /// <summary>Relays until it is ended.</summary>
        Open,

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
        if (_seed.Header is { } header)
            Announce(header);
        ConnectNext(UpstreamFailed.ConnectFailed);
        Settle();
    }

    /// <summary>Gives back all it has. Called once, and nothing after it.</summary>
    public void End()
    {
        _seed.Stalls.Update(Scope, 0, _loop.ReadTimestamp());
        _loop.Timers.Cancel(_actor.Timer);
        _socket?.Close();
        _endpoint?.Leave();
        _pending.Clear();
    }

    /// <summary>Takes one message.</summary>
    /// <returns>False: no such message.</returns>
    public bool Handle(object message)
    {
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
                if (_stage == Stage.Connecting)
                    ConnectNext(UpstreamFailed.ConnectTimeout);
                break;
            default:
                return false;
        }

        switch (_stage)
        {
            case Stage.Connecting:
                WhileConnecting();
                break;
            case Stage.Open:
                WhileOpen();
                break;
            case Stage.Failed:
                _pending.Clear();
                break;
        }

        Settle();
        return true;
    }

    // A message may be of the socket before, which was given up when the message was on its way: what the present one can do is asked of it.

    private void OnReadable()
    {
        if (!_socket!.IsReadable)
            return;
        _seed.Stalls.Serve(0, SelfRead, _socket!.ReadableSince, _loop.ReadTimestamp());
        _readable = true;
    }

    private void OnWritable()
    {
        if (!_socket!.IsWritable)
            return;
        _seed.Stalls.Serve(WriteStall, SelfWrite, _socket!.WritableSince, _loop.ReadTimestamp());
        _writable = true;
    }

    /// <summary>Waits for the connect to end. With data at hand it is tried at once: on a short way the connection stands before the loop hears of it.</summary>
    private void WhileConnecting()
    {
        if (_writable || _readable)
        {
            if (_socket!.HasError && _socket.TakeSocketError() != 0)
            {
                ConnectNext(UpstreamFailed.ConnectFailed);
                return;
            }

            Connected();
            WhileOpen();
        }
        else if (!_pending.IsEmpty)
        {
            SendPending();
        }
    }

    /// <summary>The header goes before all that the client sends. It stays pending while endpoints are tried: none of them has had a byte.</summary>
    private void Announce(ProxyHeader header)
    {
        var data = _seed.Connection.Loop.Buffers.Rent(ProxyHeaderWriter.MaxBytes);
        _headerLeft =
            Settings.ProxyProtocol == ProxyProtocolVersion.V1
                ? ProxyHeaderWriter.WriteVersion1(header, data.Free)
                : ProxyHeaderWriter.WriteVersion2(header, data.Free);
        data.Commit(_headerLeft);
        _pending.Add(data);
    }

    /// <summary>Tries the next endpoint; one that was being tried has failed. When there is none left, that is why the leg fails.</summary>
    private void ConnectNext(UpstreamFailed why)
    {
        _readable = _writable = false;
        if (_endpoint is { } failed)
        {
            _socket!.Close();
            GiveUp(failed);
        }

        while ((_tried?.Count ?? 0) < Settings.ConnectAttempts && Choose() is { } endpoint)
        {
            endpoint.Enter();
            var fd = TcpSocket.Connect(endpoint.Address, out _);
            if (fd < 0 || !TryRegister(fd))
            {
                GiveUp(endpoint);
                continue;
            }

            _endpoint = endpoint;
            _socket!.NotifyWritable();
            _loop.Timers.Schedule(_actor.Timer, _loop.ReadTimestamp() + (Settings.ConnectTimeout.Ticks * TimeSpan.NanosecondsPerTick));
            return;
        }

        Fail(why);
    }

    private Endpoint? Choose() => _seed.Upstream.Choose(_loop.Index, _seed.Key, (IReadOnlyList<Endpoint>?)_tried ?? []);

    private void GiveUp(Endpoint endpoint)
    {
        _endpoint = null;
        endpoint.Leave();
        (_tried ??= []).Add(endpoint);
    }

    private bool TryRegister(int fd)
    {
        try
        {
            _socket = _loop.Register(fd, _actor.Reference);
            return true;
        }
        catch (SocketSetupException)
        {
            TcpSocket.Close(fd);
            return false;
        }
    }

    private void Connected()
    {
        _stage = Stage.Open;
        _loop.Timers.Cancel(_actor.Timer);
    }

    private void WhileOpen()
    {
        if (!_pending.IsEmpty && _writable)
            SendPending();
        if (_stage == Stage.Open && _readable)
            Receive();
        if (_stage == Stage.Open && _downstreamClosed && !_writeShut && _pending.IsEmpty)
        {
            _writeShut = true;
            _socket!.ShutdownWrite();
            _seed.Downstream.Tell(UpstreamFlushed.Instance, ActorRefs.NoSender);
        }
    }

    private void SendPending()
    {
        while (!_pending.IsEmpty)
        {
            var result = _socket!.Send(_pending.First.Data);
            switch (result.Status)
            {
                case IoStatus.Ok:
                    if (_stage == Stage.Connecting)
                        Connected();
                    _seed.Connection.Counters.UpstreamSentBytes += result.Bytes;
                    // The header was nobody's data.
                    var header = Math.Min(_headerLeft, result.Bytes);
                    _headerLeft -= header;
                    _owedCredit += result.Bytes - header;
                    _pending.Consume(result.Bytes);
                    _writable = _socket.IsWritable;
                    if (!_writable && !_pending.IsEmpty)
                    {
                        ReturnCredit();
                        return;
                    }

                    break;
                case IoStatus.WouldBlock:
                    _writable = false;
                    ReturnCredit();
                    return;
                default:
                    SendFailed();
                    return;
            }
        }

        ReturnCredit();
    }

    private void SendFailed()
    {
        if (_stage == Stage.Connecting)
        {
            ConnectNext(UpstreamFailed.ConnectFailed);
        }
        else
        {
            // What the upstream sent before it failed is still to be had.
            _readable = true;
            Receive();
            if (_received)
                DiscardFromNowOn();
            else if (_stage == Stage.Open)
                Fail(UpstreamFailed.Reset);
        }
    }

    /// <summary>
    /// The upstream answered, ended its side and reads no more (an HTTP server that refuses an upload): the client gets that answer, what it still sends is
    /// dropped.
    /// </summary>
    private void DiscardFromNowOn()
    {
        _discarding = true;
        _writeShut = true;
        _pending.Clear();
        _seed.Downstream.Tell(UpstreamFlushed.Instance, ActorRefs.NoSender);
    }

    private void ReturnCredit()
    {
        // As on the other leg: all that came is passed on first, so that the client's bytes are read in large pieces.
        if (_owedCredit < _seed.Connection.Generation.Settings.CreditBytes / 4 || !_pending.IsEmpty)
            return;
        if (_returned.Add(_owedCredit))
            _seed.Downstream.Tell(_returned, ActorRefs.NoSender);
        _owedCredit = 0;
    }

    private void Receive()
    {
        for (var i = 0; _readable && _credit > 0 && !_received; i++)
        {
            if (i == ReceivesPerRun)
            {
                _readable = false;
                _socket!.NotifyReadable();
                return;
            }

            var want = Math.Min(_credit, LoopBufferPool.ChunkBytes);
            var data = _seed.Connection.Loop.Buffers.Rent(want);
            var result = _socket!.Receive(data.Free[..want]);
            _readable = _socket.IsReadable;
            if (result.Status == IoStatus.Ok)
            {
                data.Commit(result.Bytes);
                _credit -= result.Bytes;
                _seed.Downstream.Tell(data, ActorRefs.NoSender);
                continue;
            }

            data.Dispose();
            if (result.Status == IoStatus.Eof)
            {
                _received = true;
                _readable = false;
                _seed.Downstream.Tell(PeerClosed.Instance, ActorRefs.NoSender);
            }
            else if (result.Status == IoStatus.WouldBlock)
            {
                _readable = false;
            }
            else
            {
                Fail(UpstreamFailed.Reset);
            }
        }
    }

    private void Fail(UpstreamFailed why)
    {
        if (_stage == Stage.Failed)
            return;
        _stage = Stage.Failed;
        _pending.Clear();
        _seed.Downstream.Tell(why, ActorRefs.NoSender);
    }

    private void Settle()
    {
        if (_stage == Stage.Failed || _socket is not { IsOpen: true } socket)
        {
            Stall(0);
            return;
        }

        if (_stage == Stage.Connecting || (!_pending.IsEmpty && !_writable))
            socket.NotifyWritable();
        if (_stage == Stage.Open && !_readable && !_received)
            socket.NotifyReadable();
        Stall(
            _stage == Stage.Connecting || !_pending.IsEmpty ? WriteStall
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
