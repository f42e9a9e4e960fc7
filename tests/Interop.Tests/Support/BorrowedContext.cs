using TlsGateway.Tls;

namespace TlsGateway.Interop.Tests.Support;

/// <summary>Lends a context to a client, which disposes what it is given.</summary>
internal sealed class BorrowedContext(ITlsContext context) : ITlsContext
{
    public ITlsSession CreateSession(ITlsBufferPool buffers) => context.CreateSession(buffers);

    public ITlsSession CreateSession(ITlsBufferPool buffers, TlsServerTarget target) => context.CreateSession(buffers, target);

    public void Dispose() { }
}
