using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace TlsGateway.Tls.OpenSsl;

/// <summary>
/// The BIO_METHOD over <see cref="SessionIo"/> and the info callback. OpenSSL calls them inside its own calls, on the session's thread. An exception that left one
/// would end the process: only renting memory can throw, and that is caught.
/// </summary>
internal static unsafe class SessionCallbacks
{
    private const byte ApplicationData = 23;
    private const int CloseNotify = 0;
    private const int WarningLevel = 1;
    private const int NoRenegotiation = 100;

    /// <summary>RFC 8446 §4.6.3 updates are cheap to send and cost a key derivation to receive: one for each 1,024 records is an honest rate.</summary>
    private const int RecordsPerKeyUpdate = 1024;

    private static readonly nint Method = CreateMethod();

    /// <summary>A BIO on <paramref name="io"/>; the SSL that it is given to frees it.</summary>
    public static nint CreateBio(SessionIo* io)
    {
        nint bio = LibCrypto.BIO_new(Method);
        if (bio == 0)
        {
            throw new InvalidOperationException("BIO_new failed: OpenSSL is out of memory.");
        }
        LibCrypto.BIO_set_data(bio, io);
        return bio;
    }

    /// <summary>The shared state of the session that OpenSSL is working on.</summary>
    public static SessionIo* IoOf(nint ssl) => (SessionIo*)LibCrypto.BIO_get_data(LibSsl.SSL_get_rbio(ssl));

    /// <summary>The session that OpenSSL is working on.</summary>
    public static OpenSslSession SessionOf(nint ssl) => (OpenSslSession)GCHandle.FromIntPtr(IoOf(ssl)->Owner).Target!;

    /// <summary>SSL_CTX_set_cert_cb(3): the context has its certificates.</summary>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    public static int OnCertificateWanted(nint ssl, nint argument) => 1;

    /// <summary>SSL_CTX_set_keylog_callback(3).</summary>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    public static void OnKeyLog(nint ssl, byte* line)
    {
        try
        {
            SessionOf(ssl).LogKey(OpenSslLibrary.Utf8(line));
        }
#pragma warning disable RCS1075 // A full disk is no reason to end a connection, and nothing may leave a callback.
        catch (Exception) { }
#pragma warning restore RCS1075
    }

    private static nint CreateMethod()
    {
        nint method = LibCrypto.BIO_meth_new(LibCrypto.BIO_get_new_index() | LibCrypto.BIO_TYPE_SOURCE_SINK, "session buffers");
        if (
            method == 0
            || LibCrypto.BIO_meth_set_read(method, &Read) != 1
            || LibCrypto.BIO_meth_set_write(method, &Write) != 1
            || LibCrypto.BIO_meth_set_ctrl(method, &Control) != 1
        )
        {
            throw new InvalidOperationException("BIO_meth_new failed: OpenSSL is out of memory.");
        }
        return method;
    }

    /// <summary>
    /// Gives OpenSSL received bytes. It asks for exactly a header and then exactly that record's fragment, so a record is the unit at which the limits hold it back.
    /// </summary>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Read(nint bio, byte* destination, int length)
    {
        SessionIo* io = (SessionIo*)LibCrypto.BIO_get_data(bio);
        LibCrypto.BIO_clear_flags(bio, LibCrypto.BIO_FLAGS_RETRY_MASK);
        int count = Math.Min(length, io->Rx.Count);
        if (count <= 0 && io->Eof)
        {
            return 0;
        }
        if (count <= 0 || MustWithhold(io, count))
        {
            LibCrypto.BIO_set_flags(bio, LibCrypto.BIO_FLAGS_READ | LibCrypto.BIO_FLAGS_SHOULD_RETRY);
            return -1;
        }
        Unsafe.CopyBlockUnaligned(destination, io->Rx.First, (uint)count);
        Count(io, new ReadOnlySpan<byte>(io->Rx.First, count));
        io->Rx.Consume(count);
        return count;
    }

    private static bool MustWithhold(SessionIo* io, int count)
    {
        if (io->Limit != BrokenLimit.None)
        {
            return true;
        }
        byte contentType = io->RxTracker.AtBoundary ? *io->Rx.First : io->RxTracker.ContentType;
        if (io->Rehandshaking && !io->Reading && contentType == ApplicationData)
        {
            io->DataIsNext = true;
            return true;
        }
        if (io->HandshakeComplete && io->RxTracker.AtBoundary && io->Counters.RxRecordsSinceData > io->MaxRecordsWithoutData)
        {
            io->Limit = BrokenLimit.MaxRecordsWithoutData;
        }
        else if (CountsAsHandshake(io, contentType) && io->Counters.RxHandshakeBytes + count > io->MaxHandshakeBytes)
        {
            io->Limit = BrokenLimit.MaxHandshakeBytes;
        }
        return io->Limit != BrokenLimit.None;
    }

    // During a renegotiation application data goes on, and content types are in the clear (RFC 5246 §6.2.3); the first handshake counts everything.
    private static bool CountsAsHandshake(SessionIo* io, byte contentType) =>
        !io->HandshakeComplete || (io->Rehandshaking && contentType != ApplicationData);

    private static void Count(SessionIo* io, ReadOnlySpan<byte> bytes)
    {
        int records = io->RxTracker.Advance(bytes);
        io->Counters.RxRecords += records;
        io->Counters.RxRecordsSinceKey += records;
        if (CountsAsHandshake(io, io->RxTracker.ContentType))
        {
            io->Counters.RxHandshakeBytes += bytes.Length;
        }
        else
        {
            io->Counters.RxRecordsSinceData += records;
        }
    }

    /// <summary>Takes records to send, as much as fits: OpenSSL keeps the rest of a record and offers it again.</summary>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Write(nint bio, byte* source, int length)
    {
        SessionIo* io = (SessionIo*)LibCrypto.BIO_get_data(bio);
        LibCrypto.BIO_clear_flags(bio, LibCrypto.BIO_FLAGS_RETRY_MASK);
        if (io->Tx.Tail < length && !TryMakeRoom(io, length))
        {
            return -1;
        }
        int count = Math.Min(length, io->Tx.Tail);
        if (count == 0)
        {
            LibCrypto.BIO_set_flags(bio, LibCrypto.BIO_FLAGS_WRITE | LibCrypto.BIO_FLAGS_SHOULD_RETRY);
            return -1;
        }
        Unsafe.CopyBlockUnaligned(io->Tx.TailPointer, source, (uint)count);
        io->Tx.Append(count);
        int records = io->TxTracker.Advance(new ReadOnlySpan<byte>(source, count));
        io->Counters.TxRecords += records;
        io->Counters.TxRecordsSinceKey += records;
        return count;
    }

    private static bool TryMakeRoom(SessionIo* io, int length)
    {
        try
        {
            ((OpenSslSession)GCHandle.FromIntPtr(io->Owner).Target!).MakeTxRoom(length);
            return true;
        }
        catch (Exception)
        {
            // The pool could not give memory; -1 without a retry flag makes OpenSSL report SSL_ERROR_SYSCALL and the session ends as Internal.
            return false;
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static nint Control(nint bio, int command, nint number, void* pointer)
    {
        SessionIo* io = (SessionIo*)LibCrypto.BIO_get_data(bio);
        return command switch
        {
            LibCrypto.BIO_CTRL_FLUSH => 1,
            LibCrypto.BIO_CTRL_EOF => io->Eof && io->Rx.Count == 0 ? 1 : 0,
            _ => 0,
        };
    }

    /// <summary>SSL_CTX_set_info_callback(3): counts what OpenSSL handles by itself, and sees renegotiations begin and end.</summary>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    public static void Info(nint ssl, int where, int value)
    {
        if ((where & LibSsl.SSL_CB_ALERT) != 0)
        {
            OnAlert(IoOf(ssl), where, value);
        }
        else if ((where & (LibSsl.SSL_CB_LOOP | LibSsl.SSL_CB_HANDSHAKE_START | LibSsl.SSL_CB_HANDSHAKE_DONE)) != 0)
        {
            SessionIo* io = IoOf(ssl);
            if (io->HandshakeComplete)
            {
                OnHandshakeEvent(ssl, io, where);
            }
        }
    }

    private static void OnAlert(SessionIo* io, int where, int value)
    {
        int level = value >> 8;
        int description = value & 0xff;
        if (description == CloseNotify)
        {
            return;
        }
        if ((where & LibSsl.SSL_CB_WRITE) != 0)
        {
            OnAlertSent(io, level, description);
        }
        else if (level == WarningLevel && ++io->Counters.RxWarnings > io->MaxWarnings)
        {
            io->Limit = BrokenLimit.MaxWarnings;
        }
    }

    private static void OnAlertSent(SessionIo* io, int level, int description)
    {
        if (level != WarningLevel)
        {
            io->AlertSent = description;
        }
        else if (description == NoRenegotiation)
        {
            // The peer's attempt was refused: it ends without a new key.
            io->Rehandshaking = false;
        }
    }

    private static void OnHandshakeEvent(nint ssl, SessionIo* io, int where)
    {
        if ((where & LibSsl.SSL_CB_HANDSHAKE_START) != 0)
        {
            // Ours was noted before its HelloRequest.
            if (!io->Rehandshaking && ++io->ClientRehandshakesBegun > io->MaxClientRehandshakes)
            {
                io->Limit = BrokenLimit.MaxClientRehandshakes;
            }
            BeginRehandshake(io);
        }
        else if ((where & LibSsl.SSL_CB_HANDSHAKE_DONE) != 0)
        {
            // Sending a HelloRequest ends in "done" too; the renegotiation that it asked for is still pending then.
            if (io->Rehandshaking && LibSsl.SSL_renegotiate_pending(ssl) == 0)
            {
                io->Rehandshaking = false;
                io->Counters.Rehandshakes++;
                io->Counters.RxRecordsSinceKey = 0;
                io->Counters.TxRecordsSinceKey = 0;
            }
        }
        else
        {
            CountKeyUpdate(LibSsl.SSL_state_string(ssl), io);
        }
    }

    /// <summary>Notes that a renegotiation began, whoever asked. Again during the same one: no effect.</summary>
    public static void BeginRehandshake(SessionIo* io)
    {
        if (io->Rehandshaking)
        {
            return;
        }
        io->Rehandshaking = true;
        io->Counters.RxHandshakeBytes = 0;
        if (++io->RehandshakesBegun > io->MaxRehandshakes)
        {
            io->Limit = BrokenLimit.MaxRehandshakes;
        }
    }

    // The numbers of SSL_get_state moved between 3.0 and 3.2; the strings did not: TRSKU, TRCKU (received), TWSKU, TWCKU (sent).
    private static void CountKeyUpdate(byte* state, SessionIo* io)
    {
        if (state[0] != 'T' || state[3] != 'K' || state[4] != 'U')
        {
            return;
        }
        if (state[1] == 'W')
        {
            io->Counters.TxKeyUpdates++;
            io->Counters.TxRecordsSinceKey = 0;
            return;
        }
        io->Counters.RxKeyUpdates++;
        io->Counters.RxRecordsSinceKey = 0;
        if (io->Counters.RxKeyUpdates > io->MaxKeyUpdates + (io->Counters.RxRecords / RecordsPerKeyUpdate))
        {
            io->Limit = BrokenLimit.MaxKeyUpdates;
        }
    }
}
