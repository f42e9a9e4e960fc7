using Akka.Actor;
using TlsGateway.Actors.Balancing;
using TlsGateway.Actors.ProxyProtocol;
using TlsGateway.Actors.Settings;
using TlsGateway.Transport;

namespace TlsGateway.Actors.Connections;

// From the first endpoint that is tried to the one that takes the connection; with a wait in between when all have as many as they may have.
internal sealed partial class UpstreamLeg
{
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

            if (_seed.Upstream.Tls is not null)
            {
                if (SendAnnouncement())
                    BeginTls();
                return;
            }

            Connected();
            WhileOpen();
        }
        else if (_seed.Upstream.Tls is null && HasToSend)
        {
            SendPending();
        }
    }

    /// <summary>Tries the next endpoint; one that was being tried has failed. When there is none left, that is why the leg fails.</summary>
    private void ConnectNext(UpstreamFailed why)
    {
        _stage = Stage.Connecting;
        _readable = _writable = false;
        if (_use is not null)
            GiveUp(why);
        // Who came later does not go first.
        if (_ticket is null && Settings.MaxConnections > 0 && _seed.Upstream.Group.Queue.Count > 0)
        {
            Queue();
            return;
        }

        while (Tried.Count < Settings.ConnectAttempts && Enter() is { } use)
        {
            if (TryConnect(use))
                return;
        }

        if (Tried.Count < Settings.ConnectAttempts && _seed.Upstream.IsFull(Tried))
            Queue();
        else
            Fail(why);
    }

    private IReadOnlyList<Endpoint> Tried => (IReadOnlyList<Endpoint>?)_tried ?? [];

    private EndpointUse? Enter() => _seed.Upstream.Enter(_loop.Index, _seed.Key, Tried, _loop.Now);

    private bool TryConnect(EndpointUse use)
    {
        _use = use;
        _seed.Endpoint = use.Endpoint;
        _isSettled = false;
        _connectSince = _loop.ReadTimestamp();
        if (Tried.Count > 0)
            use.Upstream.Group.Counters.CountRetry();
        var endpoint = use.Endpoint;
        _socket = endpoint.UnixPath is { } path ? ConnectTo(path) : ConnectTo(endpoint.Address);
        if (_socket is not { } socket)
        {
            GiveUp(UpstreamFailed.ConnectFailed);
            return false;
        }

        Announce();
        socket.NotifyWritable();
        SetDeadline(Settings.ConnectTimeout);
        return true;
    }

    /// <summary>The endpoint is not asked again by this connection.</summary>
    private void GiveUp(UpstreamFailed why)
    {
        var use = _use!.Value;
        if (!_isSettled)
        {
            _isSettled = true;
            use.Failed();
            var isTimeout = why == UpstreamFailed.ConnectTimeout;
            if (isTimeout)
                use.Endpoint.Counters.CountTimedOut();
            else
                use.Endpoint.Counters.CountFailed();
            RecordConnect(use.Endpoint, isTimeout ? "timed_out" : "failed");
        }

        EndTls();
        _socket?.Close();
        _socket = null;
        (_tried ??= []).Add(use.Endpoint);
        LeaveEndpoint();
    }

    private void LeaveEndpoint()
    {
        if (_use is not { } use)
            return;
        _use = null;
        _seed.Endpoint = null;
        _seed.Session = null;
        use.End(isUndecided: !_isSettled);
    }

    /// <summary>The endpoint has the connection, and TLS stands where it is spoken.</summary>
    private void Connected()
    {
        _stage = Stage.Open;
        _isSettled = true;
        _loop.Timers.Cancel(_actor.Timer);
        var use = _use!.Value;
        use.Connected();
        use.Endpoint.Counters.CountConnected();
        _seed.ConnectedAt = RecordConnect(use.Endpoint, "connected");
    }

    /// <returns>Loop time.</returns>
    private long RecordConnect(Endpoint endpoint, string outcome)
    {
        var now = _loop.ReadTimestamp();
        _seed.Upstream.Group.Events?.RecordConnect(endpoint, outcome, now - _connectSince);
        return now;
    }

    /// <summary>Waits for a place at an endpoint. Asks once more when it stands in the queue: one may have become free just before.</summary>
    private void Queue()
    {
        _stage = Stage.Queued;
        var queue = _seed.Upstream.Group.Queue;
        if (_ticket is { } before)
        {
            queue.Rejoin(before);
        }
        else
        {
            _ticket = queue.TryJoin(_actor.Reference, Settings.Queue.Size);
            if (_ticket is null)
            {
                _seed.Upstream.Group.Counters.CountQueueFull();
                Fail(UpstreamFailed.QueueFull);
                return;
            }

            _seed.Upstream.Group.Counters.CountQueued();
            SetDeadline(Settings.Queue.Timeout);
        }

        if (Enter() is { } use)
            LeaveQueueFor(use);
    }

    private void OnTurn(EndpointMayBeFree turn)
    {
        // Of a connection that this actor had before: it left the queue when it ended, which handed the turn on.
        if (turn.Ticket != _ticket || _stage != Stage.Queued)
            return;
        if (Enter() is { } use)
        {
            _ticket = null;
            ConnectTo(use);
        }
        else if (_seed.Upstream.IsFull(Tried))
        {
            Queue();
        }
        else
        {
            // What it waited for has been taken away.
            LeaveQueue();
            Fail(UpstreamFailed.ConnectFailed);
        }
    }

    private void LeaveQueueFor(EndpointUse use)
    {
        LeaveQueue();
        ConnectTo(use);
    }

    private void ConnectTo(EndpointUse use)
    {
        _stage = Stage.Connecting;
        if (!TryConnect(use))
            ConnectNext(UpstreamFailed.ConnectFailed);
    }

    private void LeaveQueue()
    {
        if (_ticket is not { } ticket)
            return;
        _ticket = null;
        _seed.Upstream.Group.Queue.Leave(ticket);
    }

    private void OnDeadline()
    {
        // One that was set anew while the message of the one before was on its way.
        if (_loop.ReadTimestamp() < _deadline)
            return;
        switch (_stage)
        {
            case Stage.Connecting:
            case Stage.Securing:
                ConnectNext(UpstreamFailed.ConnectTimeout);
                break;
            case Stage.Queued:
                LeaveQueue();
                _seed.Upstream.Group.Counters.CountQueueTimeout();
                Fail(UpstreamFailed.QueueTimeout);
                break;
        }
    }

    private SocketHandle? ConnectTo(InetEndPoint address)
    {
        try
        {
            return _loop.Connect(address, _actor.Reference);
        }
        catch (SocketSetupException)
        {
            return null;
        }
    }

    private SocketHandle? ConnectTo(string path)
    {
        var fd = UnixSocket.Connect(path, out _);
        if (fd < 0)
            return null;
        try
        {
            return _loop.Register(fd, _actor.Reference);
        }
        catch (SocketSetupException)
        {
            TcpSocket.Close(fd);
            return null;
        }
    }

    /// <summary>The header goes before all that the client sends; each endpoint gets it whole.</summary>
    private void Announce()
    {
        if (_seed.Header is not { } header)
            return;
        _announcement.Clear();
        var data = _seed.Connection.Loop.Buffers.Rent(ProxyHeaderWriter.MaxBytes);
        data.Commit(
            Settings.ProxyProtocol == ProxyProtocolVersion.V1
                ? ProxyHeaderWriter.WriteVersion1(header, data.Free)
                : ProxyHeaderWriter.WriteVersion2(header, data.Free)
        );
        _announcement.Add(data);
    }

    /// <summary>False: some of it is left.</summary>
    private bool SendAnnouncement()
    {
        while (!_announcement.IsEmpty)
        {
            var result = _socket!.Send(_announcement.First.Data);
            switch (result.Status)
            {
                case IoStatus.Ok:
                    if (_stage == Stage.Connecting && _seed.Upstream.Tls is null)
                        Connected();
                    _seed.CountSent(result.Bytes);
                    _announcement.Consume(result.Bytes);
                    _writable = _socket.IsWritable;
                    break;
                case IoStatus.WouldBlock:
                    _writable = false;
                    return false;
                default:
                    SendFailed();
                    return false;
            }
        }

        return true;
    }

    private void SetDeadline(TimeSpan after)
    {
        _deadline = _loop.ReadTimestamp() + (after.Ticks * TimeSpan.NanosecondsPerTick);
        _loop.Timers.Schedule(_actor.Timer, _deadline);
    }
}
