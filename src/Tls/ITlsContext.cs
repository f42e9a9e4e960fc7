namespace TlsGateway.Tls;

/// <summary>
/// Immutable settings of one generation, made ready for an engine. Sessions keep the context that they began with alive: disposing it only gives up
/// this reference.
/// </summary>
public interface ITlsContext : IDisposable
{
    /// <summary>A new session in the context's role. Cheap; no I/O. Throws only when memory is exhausted.</summary>
    ITlsSession CreateSession(ITlsBufferPool buffers);

    /// <summary>As <see cref="CreateSession(ITlsBufferPool)"/>, in the client role, for another server than the context's settings name.</summary>
    /// <exception cref="InvalidOperationException">The context is a server's.</exception>
    ITlsSession CreateSession(ITlsBufferPool buffers, TlsServerTarget target);
}
