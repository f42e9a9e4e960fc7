using Akka.Actor;
using TlsGateway.Transport;

namespace TlsGateway.Actors.Connections;

// What an open leg does: passes bytes both ways in the measure of credit.
internal sealed partial class UpstreamLeg
{
    private bool HasToSend => !_pending.IsEmpty || !_announcement.IsEmpty;

    private void WhileOpen()
    {
        if (HasToSend && _writable)
            SendPending();
        if (_stage == Stage.Open && _readable)
            Receive();
        if (_stage == Stage.Open && _downstreamClosed && !_writeShut && !HasToSend)
        {
            _writeShut = true;
            _socket!.ShutdownWrite();
            TellFlushed();
        }
    }

    private void SendPending()
    {
        if (!_announcement.IsEmpty && !SendAnnouncement())
            return;
        while (!_pending.IsEmpty)
        {
            var result = _socket!.Send(_pending.First.Data);
            switch (result.Status)
            {
                case IoStatus.Ok:
                    if (_stage == Stage.Connecting)
                        Connected();
                    _seed.CountSent(result.Bytes);
                    _hasSent = true;
                    _owedCredit += result.Bytes;
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
                WasReset();
        }
    }

    /// <summary>Nothing of the client's was sent, and nothing came: another endpoint can have it all.</summary>
    private void WasReset()
    {
        if (!_hasAnswered)
            _use!.Value.Failed();
        if (_hasSent || _hasAnswered || _writeShut || _state.NotifyQueued)
            Fail(UpstreamFailed.Reset);
        else
            ConnectNext(UpstreamFailed.Reset);
    }

    private void Answered()
    {
        if (_hasAnswered)
            return;
        _hasAnswered = true;
        _use!.Value.Answered();
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
        TellFlushed();
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
                Answered();
                _credit -= result.Bytes;
                _seed.Downstream.Tell(data, ActorRefs.NoSender);
                continue;
            }

            data.Dispose();
            if (result.Status == IoStatus.Eof)
            {
                _received = true;
                _readable = false;
                Answered();
                _seed.Downstream.Tell(PeerClosed.Instance, ActorRefs.NoSender);
            }
            else if (result.Status == IoStatus.WouldBlock)
            {
                _readable = false;
            }
            else
            {
                WasReset();
                return;
            }
        }
    }
}
