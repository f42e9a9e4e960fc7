using Org.BouncyCastle.Tls;

namespace TlsGateway.Tls.BouncyCastle;

// Records in and out.
public sealed unsafe partial class BouncyCastleSession
{
    private const int MaxPlaintext = 16384;

    /// <summary>What a record may need beyond its plaintext: with CBC BouncyCastle adds up to 255 bytes of padding, IV and MAC; and a KeyUpdate may go before it.</summary>
    private const int RecordReserve = 512;

    /// <summary>Smaller records are not begun while more is to be written: they cost more than they carry.</summary>
    private const int LeastRecord = 4096;

    [ThreadStatic]
    private static byte[]? _record;

    /// <inheritdoc/>
    public TlsStatus Handshake()
    {
        Check();
        if (_isDead)
        {
            return TlsStatus.Error;
        }
        TlsStatus status = Start();
        while (status == TlsStatus.Done && !_events.IsHandshakeComplete)
        {
            status = _tx.Count > 0 && HasRecord() ? TlsStatus.WantWrite : Feed();
        }
        _rx.ReturnIfEmpty(_pool);
        return status;
    }

    /// <inheritdoc/>
    public TlsStatus Read(Span<byte> destination, out int read)
    {
        read = 0;
        TlsStatus status = Handshake();
        while (status == TlsStatus.Done && read < destination.Length)
        {
            if (_engine.Protocol.GetAvailableInputBytes() > 0)
            {
                byte[] plaintext = _record ??= new byte[RecordHeader.MaxRecord];
                int taken = _engine.Protocol.ReadInput(plaintext, 0, Math.Min(destination.Length - read, plaintext.Length));
                plaintext.AsSpan(0, taken).CopyTo(destination[read..]);
                read += taken;
            }
            else
            {
                status = Next();
            }
        }
        _rx.ReturnIfEmpty(_pool);
        return status;
    }

    /// <inheritdoc/>
    public TlsStatus Write(ReadOnlySpan<byte> source, out int written)
    {
        written = 0;
        if (_isCloseSent && !_isDead)
        {
            throw new InvalidOperationException("Write after Shutdown: close_notify is out (RFC 8446 §6.1).");
        }
        TlsStatus status = Handshake();
        if (status == TlsStatus.Done && source.Length > 0)
        {
            status = SendTickets();
        }
        while (status == TlsStatus.Done && written < source.Length)
        {
            int left = Math.Min(source.Length - written, MaxPlaintext);
            int fits = Math.Min(left, BouncyCastleContext.ChunkBytes - _tx.Count - RecordReserve);
            if (fits < Math.Min(left, LeastRecord))
            {
                return TlsStatus.WantWrite;
            }
            status = WriteRecord(source.Slice(written, fits));
            written += status == TlsStatus.Done ? fits : 0;
        }
        return status;
    }

    /// <inheritdoc/>
    public TlsStatus Shutdown()
    {
        Check();
        if (_isDead)
        {
            return TlsStatus.Error;
        }
        // Before the first handshake is over there is no key that the peer could check a close_notify with: send nothing.
        if (!_isCloseSent && _events.IsHandshakeComplete)
        {
            try
            {
                _engine.SendCloseNotify();
            }
            catch (Exception e) when (IsEngines(e))
            {
                return Die(EngineFailures.Of(e, _events));
            }
            TakeOutput();
        }
        // Tickets that did not leave by now never will.
        _events.OwedTickets.Clear();
        _isCloseSent = true;
        return TlsStatus.Done;
    }

    /// <inheritdoc/>
    public TlsStatus FlushTickets()
    {
        Check();
        if (_isDead)
        {
            return TlsStatus.Error;
        }
        return _isCloseSent ? TlsStatus.Done : SendTickets();
    }

    /// <inheritdoc/>
    public TlsStatus KeyUpdate(bool askPeer)
    {
        Check();
        if (_isDead)
        {
            return TlsStatus.Error;
        }
        if (!_events.IsHandshakeComplete || !_events.IsTls13 || _isCloseSent)
        {
            return Refuse("only an open TLS 1.3 session has KeyUpdate");
        }
        if (_tx.Count > BouncyCastleContext.ChunkBytes - RecordReserve)
        {
            return TlsStatus.WantWrite;
        }
        return SendKeyUpdate(askPeer);
    }

    /// <inheritdoc/>
    public void Fail(TlsFailure failure)
    {
        Check();
        if (!_isDead)
        {
            // Before the first byte there is nobody to send an alert to, and the failure does not claim one.
            _ = Die(_isStarted ? failure : failure with { Alert = -1 });
        }
    }

    private TlsStatus Start()
    {
        if (_isStarted)
        {
            return TlsStatus.Done;
        }
        _isStarted = true;
        try
        {
            _engine.Start();
        }
        catch (Exception e) when (IsEngines(e))
        {
            return Die(EngineFailures.Of(e, _events));
        }
        TakeOutput();
        return TlsStatus.Done;
    }

    private TlsStatus SendKeyUpdate(bool askPeer)
    {
        try
        {
            _engine.SendKeyUpdate(askPeer);
        }
        catch (Exception e) when (IsEngines(e))
        {
            return Die(EngineFailures.Of(e, _events));
        }
        TakeOutput();
        return TlsStatus.Done;
    }

    /// <summary>Whatever BouncyCastle throws is the end of this session, never of more.</summary>
    private static bool IsEngines(Exception exception) => exception is not OutOfMemoryException;

    private TlsStatus Next()
    {
        if (_events.IsPeerClosed)
        {
            _rx.Consume(_rx.Count);
            return TlsStatus.Closed;
        }
        // What the peer makes us answer must not pile up while it does not read.
        return _tx.Count > BouncyCastleContext.ChunkBytes && HasRecord() ? TlsStatus.WantWrite : Feed();
    }

    private bool HasRecord() => _rx.Count >= RecordHeader.Bytes && _rx.Count >= RecordHeader.RecordLength(_rx.Bytes);

    /// <summary>Gives BouncyCastle one record: Done, or what is missing.</summary>
    private TlsStatus Feed()
    {
        if (_rx.Count >= RecordHeader.Bytes)
        {
            TlsFailure header = RecordHeader.Check(_rx.Bytes);
            if (header.Kind != TlsFailureKind.None)
            {
                return Die(header);
            }
        }
        if (!HasRecord())
        {
            return _isEof
                ? Die(new TlsFailure(TlsFailureKind.Truncated, -1, "the connection ended without close_notify"))
                : TlsStatus.WantRead;
        }
        int length = RecordHeader.RecordLength(_rx.Bytes);
        if (BrokenLimit(length) is { } limit)
        {
            return Die(new TlsFailure(TlsFailureKind.LimitExceeded, AlertDescription.unexpected_message, limit));
        }
        Count(length);
        byte[] record = _record ??= new byte[RecordHeader.MaxRecord];
        _rx.Bytes[..length].CopyTo(record);
        _rx.Consume(length);
        if (_events.EarlyData is { } early && _engine is ServerProtocol server)
        {
            EarlyDataFilter.Verdict verdict = server.Judge(early, record.AsSpan(0, length));
            if (verdict == EarlyDataFilter.Verdict.Drop)
            {
                return TlsStatus.Done;
            }
            if (verdict == EarlyDataFilter.Verdict.TooMuch)
            {
                return Die(new TlsFailure(TlsFailureKind.ProtocolViolation, AlertDescription.unexpected_message, "too much early data"));
            }
            if (record[0] == ContentType.application_data)
            {
                _events.EarlyData = null;
            }
        }
        try
        {
            _engine.Protocol.OfferInput(record, 0, length);
        }
        catch (Exception e) when (IsEngines(e))
        {
            return Die(EngineFailures.Of(e, _events));
        }
        if (_engine.Protocol.GetAvailableInputBytes() > 0)
        {
            _events.Counters.RxRecordsSinceData = 0;
        }
        TakeOutput();
        return TlsStatus.Done;
    }

    private string? BrokenLimit(int length)
    {
        ref TlsCounters counters = ref _events.Counters;
        if (!_events.IsHandshakeComplete)
        {
            return counters.RxHandshakeBytes + length > _context.Limits.MaxHandshakeBytes ? nameof(TlsLimits.MaxHandshakeBytes) : null;
        }
        return counters.RxRecordsSinceData > _context.Limits.MaxRecordsWithoutData ? nameof(TlsLimits.MaxRecordsWithoutData) : null;
    }

    private void Count(int length)
    {
        ref TlsCounters counters = ref _events.Counters;
        counters.RxRecords++;
        counters.RxRecordsSinceKey++;
        if (_events.IsHandshakeComplete)
        {
            counters.RxRecordsSinceData++;
        }
        else
        {
            counters.RxHandshakeBytes += length;
        }
    }

    private TlsStatus WriteRecord(ReadOnlySpan<byte> plaintext)
    {
        if (_events.Counters.TxRecordsSinceKey >= _context.Limits.MaxRecordsPerKey)
        {
            if (!_events.IsTls13)
            {
                return Die(
                    new TlsFailure(TlsFailureKind.LimitExceeded, AlertDescription.internal_error, nameof(TlsLimits.MaxRecordsPerKey))
                );
            }
            if (SendKeyUpdate(askPeer: true) == TlsStatus.Error)
            {
                return TlsStatus.Error;
            }
        }
        try
        {
            _engine.Protocol.WriteApplicationData(plaintext);
        }
        catch (Exception e) when (IsEngines(e))
        {
            return Die(EngineFailures.Of(e, _events));
        }
        TakeOutput();
        return TlsStatus.Done;
    }

    /// <summary>Sends the tickets that are owed, as far as there is room for them.</summary>
    private TlsStatus SendTickets()
    {
        while (_events.OwedTickets.TryPeek(out byte[]? ticket))
        {
            if (_tx.Count + ticket.Length > BouncyCastleContext.ChunkBytes - RecordReserve)
            {
                return TlsStatus.WantWrite;
            }
            _events.OwedTickets.Dequeue();
            try
            {
                ((ServerProtocol)_engine).SendTicket(ticket);
            }
            catch (Exception e) when (IsEngines(e))
            {
                return Die(EngineFailures.Of(e, _events));
            }
            TakeOutput();
        }
        return TlsStatus.Done;
    }

    private void TakeOutput()
    {
        for (int count = _engine.Protocol.GetAvailableOutputBytes(); count > 0; count = _engine.Protocol.GetAvailableOutputBytes())
        {
            int needed = _tx.Count + count;
            _tx.MakeRoom(
                _pool,
                needed <= RecordHeader.MaxRecord ? RecordHeader.MaxRecord : Math.Max(needed, BouncyCastleContext.ChunkBytes),
                count
            );
            byte[] output = _record ??= new byte[RecordHeader.MaxRecord];
            int taken = _engine.Protocol.ReadOutput(output, 0, Math.Min(count, output.Length));
            output.AsSpan(0, taken).CopyTo(new Span<byte>(_tx.TailPointer, taken));
            int records = _txTracker.Advance(output.AsSpan(0, taken));
            _events.Counters.TxRecords += records;
            _events.Counters.TxRecordsSinceKey += records;
            _tx.Append(taken);
        }
    }

    private TlsStatus Die(TlsFailure failure)
    {
        if (failure.Alert >= 0 && failure.Kind != TlsFailureKind.PeerAlert && _isStarted && _events.AlertSent < 0)
        {
            try
            {
                _engine.SendFatalAlert((short)failure.Alert, failure.Detail);
            }
            catch (Exception e) when (IsEngines(e))
            {
                // The alert is a courtesy; the failure is what counts.
            }
        }
        TakeOutput();
        _failure = failure;
        _isDead = true;
        _rx.Consume(_rx.Count);
        _rx.ReturnIfEmpty(_pool);
        return TlsStatus.Error;
    }
}
