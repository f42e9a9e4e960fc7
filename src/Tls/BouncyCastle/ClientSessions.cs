namespace TlsGateway.Tls.BouncyCastle;

/// <summary>A TLS 1.2 session that a server let us resume, by ticket or else by ID.</summary>
internal sealed record ClientSession(SessionState State, byte[] Id, byte[]? Ticket, DateTimeOffset Ends);

/// <summary>The newest session with one server. A TLS 1.2 session serves any number of connections, so one is enough. Thread-safe.</summary>
internal sealed class ClientSessions
{
    /// <summary>RFC 5246 §F.1.4 suggests a day at most.</summary>
    public static readonly TimeSpan MaxLifetime = TimeSpan.FromHours(24);

    private volatile ClientSession? _newest;

    /// <summary>Null: none, or its time is over.</summary>
    public ClientSession? Newest => _newest is { } newest && newest.Ends > TimeProvider.System.GetUtcNow() ? newest : null;

    public void Keep(ClientSession session) => _newest = session;

    /// <summary>Forgets <paramref name="session"/> unless a newer one has come.</summary>
    public void Forget(ClientSession session) => _ = Interlocked.CompareExchange(ref _newest, null, session);
}
