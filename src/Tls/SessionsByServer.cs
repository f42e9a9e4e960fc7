using System.Collections.Concurrent;

namespace TlsGateway.Tls;

/// <summary>What one client context keeps for resumption, by server. Names may come from clients, so their number is bounded: further servers get full handshakes.</summary>
/// <typeparam name="T">The engine's store for one server.</typeparam>
internal sealed class SessionsByServer<T>(Func<T> create)
    where T : class
{
    private const int MaxServers = 1024;

    private readonly ConcurrentDictionary<(string Key, string? Name, string? Verified), T> _stores = new();

    /// <summary>Null: there are too many already.</summary>
    public T? For(TlsServerTarget target)
    {
        (string, string?, string?) key = (target.ResumptionKey, target.ServerName, target.VerifiedName);
        return _stores.TryGetValue(key, out T? found) ? found
            : _stores.Count < MaxServers ? _stores.GetOrAdd(key, _ => create())
            : null;
    }

    public IEnumerable<T> All => _stores.Values;
}
