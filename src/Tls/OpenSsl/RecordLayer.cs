using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace TlsGateway.Tls.OpenSsl;

/// <summary>
/// The record layer of an open TLS 1.3 server session (RFC 8446 §5), in place of libssl's: a record is decrypted from where it was received to where it is wanted
/// and encrypted from where it lies into the buffer that is sent, with no copy besides. It takes over after the handshake, for receiving at once, for sending
/// when OpenSSL has sent its tickets. From then on only application data, alerts and KeyUpdate may come, and each MUST about them is checked here.
/// </summary>
/// <remarks>Works on the session's <see cref="SessionIo"/>; one thread at a time. Statuses are <see cref="ITlsSession"/>'s; after Error see <see cref="Failure"/>.</remarks>
internal sealed unsafe class RecordLayer(OpenSslSession session, SessionIo* io)
{
    private const byte Alert = 21;
    private const byte Handshake = 22;
    private const byte ApplicationData = 23;
    private const byte KeyUpdateMessage = 24;

    // RFC 8446 §6.
    private const byte CloseNotify = 0;
    private const byte UnexpectedMessage = 10;
    private const byte BadRecordMac = 20;
    private const byte RecordOverflow = 22;
    private const byte IllegalParameter = 47;
    private const byte DecodeError = 50;
    private const byte UserCanceled = 90;
    private const byte Warning = 1;
    private const byte Fatal = 2;

    /// <summary>RFC 8446 §5.1: 2^14 bytes of content.</summary>
    private const int MaxContent = 16384;

    /// <summary>RFC 8446 §5.2: a protected record adds at most 256 bytes.</summary>
    private const int MaxFragment = MaxContent + 256;

    /// <summary>A content type and a tag: nothing shorter can be decrypted.</summary>
    private const int MinFragment = 1 + RecordKeys.TagBytes;

    private const int AlertBytes = 2;

    /// <summary>Message type, length of three bytes (RFC 8446 §4).</summary>
    private const int MessageHeaderBytes = 4;

    /// <summary>With the request (RFC 8446 §4.6.3).</summary>
    private const int KeyUpdateBytes = MessageHeaderBytes + 1;

    /// <summary>Empty records in a row, as OpenSSL bounds them. RFC 8446 §5.1 lets them be sent to hinder traffic analysis; a flood only costs.</summary>
    private const int MaxEmptyRecords = 32;

    /// <summary>RFC 8446 §4.6.3 updates cost a key derivation to receive: one for each 1,024 records is an honest rate.</summary>
    private const int RecordsPerKeyUpdate = 1024;

    /// <summary>A handshake message that came in part.</summary>
    private MessageStart _message;
    private int _messageBytes;

    /// <summary>A record that was decrypted in place since the caller's buffer was too small: where its rest begins and ends, and where the record ends.</summary>
    private int _heldFrom;
    private int _heldTo;
    private int _heldEnd;

    private int _emptyRecords;
    private int _updatesOwed;
    private bool _askPeer;
    private bool _isReadClosed;
    private bool _isWriteClosed;

    /// <summary>Sending is this layer's, not OpenSSL's.</summary>
    public bool OwnsSending { get; private set; }

    /// <summary>Why the last call returned Error.</summary>
    public TlsFailure Failure { get; private set; } = TlsFailure.None;

    /// <summary>Takes over sending.</summary>
    /// <param name="cipher">The suite's AEAD.</param>
    /// <param name="recordsSent">What OpenSSL has sent under the traffic keys.</param>
    public bool TryOwnSending(RecordCipher cipher, long recordsSent)
    {
        OwnsSending = io->TxKeys.TryBegin(cipher, encrypt: true, (ulong)recordsSent);
        return OwnsSending;
    }

    /// <summary>As <see cref="ITlsSession.Read"/>.</summary>
    public TlsStatus Read(byte* destination, int length, out int read)
    {
        read = 0;
        while (read < length)
        {
            if (_heldFrom < _heldTo)
            {
                read += TakeHeld(destination + read, length - read);
                continue;
            }
            // One answer to a KeyUpdate may wait for the next data. A peer that asks again has to drain it first.
            TlsStatus status = OwnsSending && _updatesOwed > 1 ? SendOwedUpdates(most: 1) : TlsStatus.Done;
            int fragment = 0;
            if (status == TlsStatus.Done)
            {
                status = NextRecord(out fragment);
            }
            if (status == TlsStatus.Done)
            {
                status = TakeRecord(destination, length, fragment, ref read);
            }
            if (status != TlsStatus.Done)
            {
                return status;
            }
        }
        return TlsStatus.Done;
    }

    /// <summary>As <see cref="ITlsSession.Write"/>; sending is owned.</summary>
    public TlsStatus Write(byte* source, int length, out int written)
    {
        written = 0;
        while (written < length)
        {
            TlsStatus status = SendOwedUpdates(most: 0);
            if (status != TlsStatus.Done)
            {
                return status;
            }
            int piece = Math.Min(length - written, session.LargestPiece);
            status = Send(ApplicationData, source + written, piece);
            if (status != TlsStatus.Done)
            {
                return status;
            }
            written += piece;
            if (io->Counters.TxRecordsSinceKey >= session.MaxRecordsPerKey)
            {
                // RFC 8446 §5.5: the peer's key has seen as much of the connection.
                OweUpdate(askPeer: true);
            }
        }
        return TlsStatus.Done;
    }

    /// <summary>As <see cref="ITlsSession.KeyUpdate"/>. What does not fit is sent before the next data.</summary>
    public TlsStatus KeyUpdate(bool askPeer)
    {
        OweUpdate(askPeer);
        return OwnsSending ? SendOwedUpdates(most: 0) : TlsStatus.Done;
    }

    /// <summary>Queues close_notify; sending is owned.</summary>
    public TlsStatus Close()
    {
        byte* alert = stackalloc byte[AlertBytes] { Warning, CloseNotify };
        TlsStatus status = Send(Alert, alert, AlertBytes);
        if (status == TlsStatus.Done)
        {
            // RFC 8446 §6.1: nothing follows. §4.6.3 wants KeyUpdates answered before application data only, and there is none any more.
            _isWriteClosed = true;
            _updatesOwed = 0;
        }
        return status;
    }

    private int TakeHeld(byte* destination, int room)
    {
        int count = Math.Min(room, _heldTo - _heldFrom);
        Unsafe.CopyBlockUnaligned(destination, io->Rx.First + _heldFrom, (uint)count);
        _heldFrom += count;
        if (_heldFrom == _heldTo)
        {
            io->Rx.Consume(_heldEnd);
            _heldFrom = _heldTo = 0;
        }
        return count;
    }

    /// <summary>Checks the next record's header; Done when the record is there in whole.</summary>
    private TlsStatus NextRecord(out int fragment)
    {
        fragment = 0;
        if (_isReadClosed)
        {
            return TlsStatus.Closed;
        }
        if (io->Rx.Count < RecordKeys.HeaderBytes)
        {
            return NeedMore();
        }
        if (io->Counters.RxRecordsSinceData > io->MaxRecordsWithoutData)
        {
            return BreakLimit(BrokenLimit.MaxRecordsWithoutData);
        }
        byte* header = io->Rx.First;
        if (header[0] != ApplicationData)
        {
            // RFC 8446 §5: after the handshake no record is in the clear, a change_cipher_spec neither.
            return Refuse(UnexpectedMessage, "unprotected record");
        }
        fragment = (header[3] << 8) | header[4];
        if (fragment > MaxFragment)
        {
            // RFC 8446 §5.2: the length MUST NOT exceed 2^14 + 256.
            return Refuse(RecordOverflow, "record too long");
        }
        if (fragment < MinFragment)
        {
            return Refuse(BadRecordMac, "record too short");
        }
        return io->Rx.Count < RecordKeys.HeaderBytes + fragment ? NeedMore() : TlsStatus.Done;
    }

    private TlsStatus NeedMore() =>
        io->Eof ? Fail(new TlsFailure(TlsFailureKind.Truncated, -1, "the peer closed without close_notify")) : TlsStatus.WantRead;

    private TlsStatus TakeRecord(byte* destination, int length, int fragment, ref int read)
    {
        byte* record = io->Rx.First;
        int inner = fragment - RecordKeys.TagBytes;
        bool fits = inner <= length - read;
        byte* content = fits ? destination + read : record + RecordKeys.HeaderBytes;
        if (!io->RxKeys.Open(record, fragment, content))
        {
            // RFC 8446 §5.2.
            return Refuse(BadRecordMac, "decryption failed or bad record mac");
        }
        io->Counters.RxRecords++;
        io->Counters.RxRecordsSinceKey++;
        // RFC 8446 §5.4: the content type is the last byte that is not zero.
        int bytes = inner - 1;
        while (bytes >= 0 && content[bytes] == 0)
        {
            bytes--;
        }
        if (bytes < 0)
        {
            return Refuse(UnexpectedMessage, "record without a content type");
        }
        if (bytes > MaxContent)
        {
            // RFC 8446 §5.1: at most 2^14 bytes of content. Padding beyond that is the sender's fault (§5.4) and harmless: the fragment is bounded.
            return Refuse(RecordOverflow, "data length too long");
        }
        byte type = content[bytes];
        int total = RecordKeys.HeaderBytes + fragment;
        if (type == ApplicationData && bytes > 0 && _messageBytes == 0)
        {
            io->Counters.RxRecordsSinceData = 0;
            _emptyRecords = 0;
            if (fits)
            {
                read += bytes;
                io->Rx.Consume(total);
            }
            else
            {
                (_heldFrom, _heldTo, _heldEnd) = (RecordKeys.HeaderBytes, RecordKeys.HeaderBytes + bytes, total);
            }
            return TlsStatus.Done;
        }
        TlsStatus status = TakeControl(type, content, bytes);
        // Only now: the content may lie in the record's place.
        io->Rx.Consume(status == TlsStatus.Closed ? io->Rx.Count : total);
        return status;
    }

    private TlsStatus TakeControl(byte type, byte* content, int bytes)
    {
        io->Counters.RxRecordsSinceData++;
        if (_messageBytes > 0 && type != Handshake)
        {
            // RFC 8446 §5.1: no other type may come between the parts of a message.
            return Refuse(UnexpectedMessage, "handshake message interrupted");
        }
        switch (type)
        {
            case ApplicationData:
                return ++_emptyRecords > MaxEmptyRecords ? Refuse(UnexpectedMessage, "record too small") : TlsStatus.Done;
            case Alert:
                return TakeAlert(content, bytes);
            case Handshake:
                return TakeMessage(content, bytes);
            default:
                return Refuse(UnexpectedMessage, "unexpected record");
        }
    }

    private TlsStatus TakeAlert(byte* content, int bytes)
    {
        if (bytes != AlertBytes)
        {
            // RFC 8446 §5.1: an alert is neither split nor joined with another.
            return Refuse(DecodeError, "invalid alert");
        }
        // RFC 8446 §6: the level is not looked at; the description says all.
        byte description = content[1];
        switch (description)
        {
            case CloseNotify:
                _isReadClosed = true;
                return TlsStatus.Closed;
            case UserCanceled:
                return ++io->Counters.RxWarnings > io->MaxWarnings ? BreakLimit(BrokenLimit.MaxWarnings) : TlsStatus.Done;
            default:
                string words = OpenSslLibrary.Utf8(LibSsl.SSL_alert_desc_string_long(description));
                return Fail(new TlsFailure(TlsFailureKind.PeerAlert, description, $"tlsv1.3 alert {words}"));
        }
    }

    /// <summary>KeyUpdate is the one message that a client may send now, as long as it was not asked to authenticate.</summary>
    private TlsStatus TakeMessage(byte* content, int bytes)
    {
        if (bytes == 0)
        {
            // RFC 8446 §5.1: no zero-length fragments of handshake messages.
            return Refuse(UnexpectedMessage, "empty handshake record");
        }
        for (int i = 0; i < bytes; i++)
        {
            if (_messageBytes == KeyUpdateBytes)
            {
                // RFC 8446 §5.1: a message before a key change ends its record.
                return Refuse(UnexpectedMessage, "data after KeyUpdate");
            }
            _message[_messageBytes++] = content[i];
            if (_message[0] != KeyUpdateMessage)
            {
                return Refuse(UnexpectedMessage, "unexpected message");
            }
            if (_messageBytes == MessageHeaderBytes && (_message[1] | _message[2]) + (_message[3] ^ 1) != 0)
            {
                return Refuse(DecodeError, "bad length of KeyUpdate");
            }
        }
        return _messageBytes == KeyUpdateBytes ? TakeUpdate(_message[4]) : TlsStatus.Done;
    }

    private TlsStatus TakeUpdate(byte request)
    {
        _messageBytes = 0;
        if (request > 1)
        {
            // RFC 8446 §4.6.3.
            return Refuse(IllegalParameter, "bad key update");
        }
        io->RxKeys.Update();
        io->Counters.RxRecordsSinceKey = 0;
        if (++io->Counters.RxKeyUpdates > io->MaxKeyUpdates + (io->Counters.RxRecords / RecordsPerKeyUpdate))
        {
            return BreakLimit(BrokenLimit.MaxKeyUpdates);
        }
        if (request == 1 && !_isWriteClosed)
        {
            // RFC 8446 §4.6.3: the answer goes before the next application data.
            _updatesOwed++;
        }
        return TlsStatus.Done;
    }

    private void OweUpdate(bool askPeer)
    {
        _updatesOwed = Math.Max(_updatesOwed, 1);
        _askPeer |= askPeer;
    }

    /// <summary>Sends KeyUpdates until no more than <paramref name="most"/> are owed.</summary>
    private TlsStatus SendOwedUpdates(int most)
    {
        byte* message = stackalloc byte[KeyUpdateBytes] { KeyUpdateMessage, 0, 0, 1, 0 };
        while (_updatesOwed > most)
        {
            message[KeyUpdateBytes - 1] = _askPeer ? (byte)1 : (byte)0;
            TlsStatus status = Send(Handshake, message, KeyUpdateBytes);
            if (status != TlsStatus.Done)
            {
                return status;
            }
            _updatesOwed--;
            _askPeer = false;
            io->TxKeys.Update();
            io->Counters.TxKeyUpdates++;
            io->Counters.TxRecordsSinceKey = 0;
        }
        return TlsStatus.Done;
    }

    private TlsStatus Send(byte type, byte* content, int length)
    {
        switch (session.FindRoom(length + OpenSslSession.RecordReserve))
        {
            case TlsStatus.Done:
                break;
            case TlsStatus.WantWrite:
                return TlsStatus.WantWrite;
            default:
                return Fail(new TlsFailure(TlsFailureKind.Internal, -1, "no memory for a record"));
        }
        if (!io->TxKeys.Seal(type, content, length, io->Tx.TailPointer))
        {
            LibCrypto.ERR_clear_error();
            return Fail(new TlsFailure(TlsFailureKind.Internal, -1, "libcrypto could not encrypt a record"));
        }
        io->Tx.Append(length + RecordKeys.OverheadBytes);
        io->Counters.TxRecords++;
        io->Counters.TxRecordsSinceKey++;
        return TlsStatus.Done;
    }

    /// <summary>Sends an alert that ends the session; false where none can be sent any more.</summary>
    public bool SendFatalAlert(byte alert)
    {
        LibCrypto.ERR_clear_error();
        if (!session.MayAlert())
        {
            return false;
        }
        byte* message = stackalloc byte[AlertBytes] { Fatal, alert };
        _ = Send(Alert, message, AlertBytes);
        return true;
    }

    /// <summary>Ends the session with an alert.</summary>
    private TlsStatus Refuse(byte alert, string why)
    {
        _ = SendFatalAlert(alert);
        return Fail(new TlsFailure(TlsFailureKind.ProtocolViolation, alert, why));
    }

    private TlsStatus BreakLimit(BrokenLimit limit)
    {
        io->Limit = limit;
        return TlsStatus.Error;
    }

    private TlsStatus Fail(TlsFailure failure)
    {
        Failure = failure;
        return TlsStatus.Error;
    }

    [InlineArray(KeyUpdateBytes)]
    private struct MessageStart
    {
        private byte _first;
    }
}
