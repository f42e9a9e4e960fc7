using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace TlsGateway.Tls.OpenSsl;

/// <summary>
/// Sessions that one upstream let us resume. A TLS 1.3 ticket is used once (RFC 8446 appendix C.4); a TLS 1.2 session stays until a newer one replaces it.
/// Thread-safe: the loops share their context.
/// </summary>
internal sealed class ClientSessionCache
{
    /// <summary>More than one, because a pool opens several connections before the first brings a new ticket.</summary>
    private const int Capacity = 16;

    private readonly Lock _lock = new();
    private readonly nint[] _sessions = new nint[Capacity];
    private int _count;
    private bool _closed;

    /// <summary>Sessions stored.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _count;
            }
        }
    }

    /// <summary>Takes over the caller's reference to <paramref name="session"/>; the oldest one makes room. One that is stored already stays where it is.</summary>
    public void Add(nint session)
    {
        nint dropped = 0;
        lock (_lock)
        {
            if (_closed || Array.IndexOf(_sessions, session, 0, _count) >= 0)
            {
                dropped = session;
            }
            else
            {
                if (_count == Capacity)
                {
                    dropped = _sessions[0];
                    Array.Copy(_sessions, 1, _sessions, 0, --_count);
                }
                _sessions[_count++] = session;
            }
        }
        Free(dropped);
    }

    /// <summary>The newest session, with a reference for the caller, or 0.</summary>
    public nint Take()
    {
        lock (_lock)
        {
            if (_count == 0)
            {
                return 0;
            }
            nint session = _sessions[_count - 1];
            if (LibSsl.SSL_SESSION_get_protocol_version(session) == (int)TlsVersion.Tls13)
            {
                _count--;
            }
            else
            {
                _ = LibSsl.SSL_SESSION_up_ref(session);
            }
            return session;
        }
    }

    /// <summary>Drops what is stored and takes no more.</summary>
    public void Close()
    {
        lock (_lock)
        {
            _closed = true;
        }
        Clear();
    }

    /// <summary>Drops what is stored: the next connection makes a full handshake.</summary>
    public void Clear()
    {
        lock (_lock)
        {
            while (_count > 0)
            {
                Free(_sessions[--_count]);
            }
        }
    }

    private static void Free(nint session)
    {
        if (session != 0)
        {
            LibSsl.SSL_SESSION_free(session);
        }
    }

    /// <summary>SSL_CTX_sess_set_new_cb(3): 1 keeps the reference that OpenSSL passes.</summary>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    public static unsafe int OnNewSession(nint ssl, nint session)
    {
        try
        {
            SessionIo* io = SessionCallbacks.IoOf(ssl);
            ((OpenSslSession)GCHandle.FromIntPtr(io->Owner).Target!).KeepForResumption(session);
            return 1;
        }
        catch (Exception)
        {
            return 0;
        }
    }
}
