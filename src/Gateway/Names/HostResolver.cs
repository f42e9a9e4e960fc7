using System.Net;
using System.Net.Sockets;
using DnsClient;
using DnsClient.Protocol;
using TlsGateway.Actors.Names;

namespace TlsGateway.Gateway.Names;

/// <summary>
/// Looks names up as this machine does (hosts file, search domains and all), and asks its name servers how long the answer holds; or asks name servers that the operator names for both.
/// </summary>
internal sealed class HostResolver : IHostResolver
{
    private const string ResolverFile = "/etc/resolv.conf";

    private readonly bool _asksSystem;
    private readonly LookupClient _client;

    /// <param name="servers">Empty: the machine's.</param>
    public HostResolver(IReadOnlyList<IPEndPoint> servers)
    {
        _asksSystem = servers.Count == 0;
        var options = _asksSystem
            ? new LookupClientOptions()
            : new LookupClientOptions([.. servers.Select(static server => new NameServer(server))]);
        // Its answers are kept by who asked; a name that changes must be seen to.
        options.UseCache = false;
        options.ThrowDnsErrors = false;
        options.Timeout = TimeSpan.FromSeconds(2);
        options.Retries = 1;
        _client = new LookupClient(options);
    }

    /// <inheritdoc/>
    public async Task<ResolvedHost> ResolveAsync(string host, CancellationToken cancellation)
    {
        if (!_asksSystem)
        {
            return await AskAsync(host, cancellation).ConfigureAwait(false)
                ?? throw new SocketException((int)SocketError.HostNotFound, $"the name servers know no address of {host}");
        }
        var addresses = await Dns.GetHostAddressesAsync(host, cancellation).ConfigureAwait(false);
        if (addresses.Length == 0)
        {
            throw new SocketException((int)SocketError.NoData);
        }
        return new ResolvedHost(addresses, await TimeToLiveAsync(host, cancellation).ConfigureAwait(false));
    }

    /// <summary>The names that the system would have tried, in its order (resolv.conf(5): search, ndots).</summary>
    internal static IEnumerable<string> Candidates(string host, string resolverFile)
    {
        if (host.EndsWith('.'))
        {
            return [host];
        }
        var lines = File.Exists(resolverFile) ? File.ReadAllLines(resolverFile) : [];
        string[] Words(string keyword) =>
            lines
                .Select(static line => line.Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries))
                .LastOrDefault(words => words.Length > 1 && words[0] == keyword)
                ?[1..]
            ?? [];
        var ndots =
            Words("options").FirstOrDefault(static option => option.StartsWith("ndots:", StringComparison.Ordinal)) is { } written
            && int.TryParse(written["ndots:".Length..], out var dots)
                ? dots
                : 1;
        var searched = Words("search").Take(6).Select(domain => $"{host}.{domain.TrimEnd('.')}");
        return host.Count(static c => c == '.') >= ndots ? searched.Prepend(host) : searched.Append(host);
    }

    private async Task<TimeSpan?> TimeToLiveAsync(string host, CancellationToken cancellation)
    {
        try
        {
            foreach (var candidate in Candidates(host, ResolverFile))
            {
                if (await AskAsync(candidate, cancellation).ConfigureAwait(false) is { } answer)
                {
                    return answer.TimeToLive;
                }
            }
        }
        catch (Exception failed) when (failed is SocketException or DnsResponseException or IOException)
        {
            // The addresses are known all the same.
        }
        return null;
    }

    /// <summary>Both kinds of address; null when the servers know none.</summary>
    private async Task<ResolvedHost?> AskAsync(string host, CancellationToken cancellation)
    {
        try
        {
            var answers = await Task.WhenAll(
                    _client.QueryAsync(host, QueryType.AAAA, cancellationToken: cancellation),
                    _client.QueryAsync(host, QueryType.A, cancellationToken: cancellation)
                )
                .ConfigureAwait(false);
            List<AddressRecord> records = [.. answers.SelectMany(static answer => answer.Answers.OfType<AddressRecord>())];
            if (records.Count == 0)
            {
                return null;
            }
            // A chain of aliases holds as long as its shortest link.
            var seconds = answers.SelectMany(static answer => answer.Answers).Min(static record => record.InitialTimeToLive);
            return new ResolvedHost([.. records.Select(static record => record.Address)], TimeSpan.FromSeconds(seconds));
        }
        catch (DnsResponseException failed)
        {
            throw new SocketException((int)SocketError.TryAgain, $"the name servers do not answer for {host}: {failed.Message}");
        }
    }
}
