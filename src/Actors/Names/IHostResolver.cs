using System.Net;

namespace TlsGateway.Actors.Names;

/// <summary>Looks host names up.</summary>
public interface IHostResolver
{
    /// <summary>All addresses of a name, IPv6 and IPv4, in the order in which they should be tried.</summary>
    /// <param name="host">A host name, no address.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="System.Net.Sockets.SocketException">There is none, or nobody answers.</exception>
    Task<ResolvedHost> ResolveAsync(string host, CancellationToken cancellation);
}

/// <summary>What a name stands for.</summary>
/// <param name="Addresses">One at least.</param>
/// <param name="TimeToLive">For how long; null: the answer does not say.</param>
public sealed record ResolvedHost(IReadOnlyList<IPAddress> Addresses, TimeSpan? TimeToLive);
