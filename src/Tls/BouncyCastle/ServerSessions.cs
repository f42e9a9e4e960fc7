using System.Security.Cryptography;
using TlsGateway.Tls.Tickets;

namespace TlsGateway.Tls.BouncyCastle;

/// <summary>The sessions that a listener resumes: sealed in tickets, or, for TLS 1.2 clients without tickets, kept by their IDs within a bound. Thread-safe.</summary>
internal sealed class ServerSessions
{
    private const int IdBytes = 32;

    /// <summary>How far ahead another member's clock may be.</summary>
    private static readonly TimeSpan ClockSkew = TimeSpan.FromMinutes(1);

    // The oldest goes first: a session that is resumed keeps its place, since its lifetime ends all the same.
    private readonly Dictionary<string, SessionState> _byId = [];
    private readonly Queue<string> _order = new();
    private readonly Lock _lock = new();
    private readonly int _cacheSize;
    private readonly byte[] _scope;

    public ServerSessions(TlsServerSettings settings, TicketKeyRing keys)
    {
        _scope = SessionScope.Of(settings);
        _cacheSize = settings.SessionCacheSize;
        Keys = keys;
        Lifetime = settings.SessionLifetime;
        Tickets = settings.Tickets;
    }

    public TicketKeyRing Keys { get; }

    public TimeSpan Lifetime { get; }

    /// <summary>TLS 1.3 tickets for a full handshake.</summary>
    public int Tickets { get; }

    public bool HasCache => _cacheSize > 0;

    /// <summary>For tests of the lifetime.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    public DateTimeOffset Now => Clock.GetUtcNow();

    /// <summary>A ticket for <paramref name="state"/> under the newest key, and how long the client may keep it, seconds; null: it would be too long, or its time is over.</summary>
    public (byte[] Ticket, int Lifetime)? Seal(SessionState state)
    {
        TimeSpan left = Lifetime - (Now - state.Began);
        if (!state.FitsTicket || left < TimeSpan.FromSeconds(1))
        {
            return null;
        }
        byte[] content = state.Encode();
        byte[] ticket = TicketSeal.Seal(Keys.Newest, _scope, content);
        CryptographicOperations.ZeroMemory(content);
        return (ticket, (int)left.TotalSeconds);
    }

    /// <summary>The session of a ticket; null: it is not one of ours, or its time is over.</summary>
    public SessionState? Open(ReadOnlySpan<byte> ticket, out bool isNewest)
    {
        if (TicketSeal.Open(Keys, _scope, ticket, out isNewest) is not { } content)
        {
            return null;
        }
        SessionState? state = SessionState.Decode(content);
        CryptographicOperations.ZeroMemory(content);
        return state is not null && IsAlive(state) ? state : null;
    }

    /// <summary>A new session ID (RFC 5246 §7.4.1.3).</summary>
    public static byte[] NewId() => RandomNumberGenerator.GetBytes(IdBytes);

    /// <summary>Keeps a session of TLS 1.2; the oldest makes room.</summary>
    public void Keep(byte[] id, SessionState state)
    {
        string key = Convert.ToHexString(id);
        lock (_lock)
        {
            while (_order.Count >= _cacheSize && _order.TryDequeue(out string? oldest))
            {
                _byId.Remove(oldest);
            }
            if (_cacheSize > 0 && _byId.TryAdd(key, state))
            {
                _order.Enqueue(key);
            }
        }
    }

    /// <summary>The session with <paramref name="id"/>; null: unknown, or its time is over.</summary>
    public SessionState? Find(byte[] id)
    {
        if (id.Length != IdBytes)
        {
            return null;
        }
        lock (_lock)
        {
            return _byId.GetValueOrDefault(Convert.ToHexString(id)) is { } state && IsAlive(state) ? state : null;
        }
    }

    /// <summary>Forgets a session, as after a fatal alert (RFC 5246 §7.2.2).</summary>
    public void Forget(byte[] id)
    {
        lock (_lock)
        {
            // Its place in the order stays, and frees nothing when its turn comes.
            _byId.Remove(Convert.ToHexString(id));
        }
    }

    private bool IsAlive(SessionState state) => Now - state.Began is var age && age >= -ClockSkew && age < Lifetime;
}
