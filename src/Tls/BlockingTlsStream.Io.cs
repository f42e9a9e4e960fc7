namespace TlsGateway.Tls;

// The transport's side: at most one thread receives and one sends, outside the lock. A thread that finds another at it waits for that one's outcome.
public sealed partial class BlockingTlsStream
{
    private bool Drive(Call call)
    {
        while (true)
        {
            TlsStatus status;
            long inputs;
            long outputs;
            lock (_gate)
            {
                int held = Feed();
                status = Make(call);
                NoteProgress(held, moved: 0);
                inputs = _inputs;
                outputs = _outputs;
                if (status == TlsStatus.Error && _session.Failure.Kind == TlsFailureKind.NotSupported)
                {
                    return false;
                }
            }
            Send(status);
            if (status is TlsStatus.Done or TlsStatus.Closed)
            {
                if (call == Call.Shutdown)
                {
                    AwaitSent();
                }
                return true;
            }
            Await(status, inputs, outputs);
        }
    }

    private TlsStatus Make(Call call) =>
        call switch
        {
            Call.Handshake => _session.Handshake(),
            Call.Shutdown => _session.Shutdown(),
            Call.Rehandshake => _session.Rehandshake(),
            Call.KeyUpdate => _session.KeyUpdate(askPeer: false),
            _ => _session.KeyUpdate(askPeer: true),
        };

    /// <summary>Blocks until what the call waits for has happened since it returned.</summary>
    private void Await(TlsStatus status, long inputs, long outputs)
    {
        switch (status)
        {
            case TlsStatus.Done:
                return;
            case TlsStatus.WantRead:
                Receive(inputs);
                return;
            case TlsStatus.WantWrite:
                AwaitRoom(outputs);
                return;
            case TlsStatus.Error:
                throw TlsException.From(_session.Failure);
            default:
                throw new InvalidOperationException($"A blocking stream cannot wait for {status}.");
        }
    }

    /// <summary>
    /// A call that used input or moved data may be what a thread in another call waits for: a read that met the peer's part of a rehandshake lets a write go on, without a byte
    /// more from the transport. Under the lock.
    /// </summary>
    private void NoteProgress(int held, int moved)
    {
        if (moved > 0 || _session.RxBuffered != held)
        {
            _inputs++;
        }
        Monitor.PulseAll(_gate);
    }

    /// <summary>Gives received bytes to the session as far as it has room; what it holds then. Under the lock.</summary>
    private int Feed()
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        while (_receivedStart < _receivedEnd)
        {
            Span<byte> free = _session.RxFree;
            int count = Math.Min(free.Length, _receivedEnd - _receivedStart);
            if (count == 0)
            {
                break;
            }
            _received.AsSpan(_receivedStart, count).CopyTo(free);
            _session.RxCommit(count);
            _receivedStart += count;
        }
        return _session.RxBuffered;
    }

    private void Receive(long inputs)
    {
        lock (_gate)
        {
            while (true)
            {
                ObjectDisposedException.ThrowIf(_isDisposed, this);
                ThrowIfTransportFailed();
                if (_inputs != inputs)
                {
                    return;
                }
                if (!_isReceiving && _receivedStart == _receivedEnd)
                {
                    break;
                }
                if (!_isReceiving && HasRoom())
                {
                    return;
                }
                // Another thread receives, or the session is full and only a Read by another thread helps.
                Monitor.Wait(_gate);
            }
            _isReceiving = true;
        }
        int count = 0;
        try
        {
            count = _transport.Read(_received, 0, _received.Length);
        }
        catch (Exception failure)
        {
            _transportFailure = failure;
            throw;
        }
        finally
        {
            lock (_gate)
            {
                _isReceiving = false;
                _receivedStart = 0;
                _receivedEnd = count;
                _inputs++;
                if (count == 0 && !_isDisposed)
                {
                    _session.RxEof();
                }
                Monitor.PulseAll(_gate);
            }
        }
    }

    private bool HasRoom()
    {
        bool hasRoom = !_session.RxFree.IsEmpty;
        _session.RxCommit(0);
        return hasRoom;
    }

    /// <summary>As <see cref="Send()"/>; where the session is dead, a transport that does not take its alert is no news.</summary>
    private void Send(TlsStatus status)
    {
        try
        {
            Send();
        }
        catch (IOException) when (status == TlsStatus.Error)
        {
            // The session's own failure is what the caller is told.
        }
    }

    /// <summary>
    /// As <see cref="Send(TlsStatus)"/>, for a reader. While another thread writes it does not wait for the transport: what is pending may be that one's data, and when both
    /// sides' readers wait for their sends, nobody reads.
    /// </summary>
    private void SendForReader(TlsStatus status)
    {
        if (!_isDuplex || status == TlsStatus.Error)
        {
            Send(status);
        }
        else if (BeginSending())
        {
            _ = SendInBackgroundAsync();
        }
    }

    private async Task SendInBackgroundAsync()
    {
        try
        {
            while (TakePending() is int count and > 0)
            {
                await _transport.WriteAsync(_sending.AsMemory(0, count)).ConfigureAwait(false);
            }
        }
        catch (Exception failure)
        {
            // The next call that needs the transport tells it.
            EndSending(failure);
        }
    }

    private bool BeginSending()
    {
        lock (_gate)
        {
            if (_isSending || _isDisposed)
            {
                return false;
            }
            _isSending = true;
            return true;
        }
    }

    private void EndSending(Exception failure)
    {
        lock (_gate)
        {
            _transportFailure = failure;
            _isSending = false;
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>Sends what is pending, unless another thread is at it: that one sends this too before it stops.</summary>
    private void Send()
    {
        if (!BeginSending())
        {
            return;
        }
        try
        {
            while (TakePending() is int count and > 0)
            {
                _transport.Write(_sending, 0, count);
            }
        }
        catch (Exception failure)
        {
            EndSending(failure);
            throw;
        }
    }

    /// <summary>The next bytes to send; 0 ends the sending, in one step with finding nothing, so that no byte is left behind.</summary>
    private int TakePending()
    {
        lock (_gate)
        {
            int count = 0;
            if (!_isDisposed)
            {
                ReadOnlySpan<byte> pending = _session.TxPending;
                count = Math.Min(pending.Length, _sending.Length);
                pending[..count].CopyTo(_sending);
                _session.TxConsume(count);
            }
            _isSending = count > 0;
            _outputs++;
            Monitor.PulseAll(_gate);
            return count;
        }
    }

    private void AwaitRoom(long outputs)
    {
        lock (_gate)
        {
            while (_isSending && _outputs == outputs)
            {
                Monitor.Wait(_gate);
            }
            ThrowIfTransportFailed();
        }
    }

    /// <summary>Waits until no thread sends: then all that was pending has left.</summary>
    private void AwaitSent()
    {
        lock (_gate)
        {
            while (_isSending && !_isDisposed)
            {
                Monitor.Wait(_gate);
            }
            ThrowIfTransportFailed();
        }
    }

    private void ThrowIfTransportFailed()
    {
        if (_transportFailure is { } failure)
        {
            throw new IOException($"The transport under TLS failed: {failure.Message}", failure);
        }
    }
}
