using System.Net;
using TlsGateway.Transport;

namespace TlsGateway.Actors.Routing;

/// <summary>
/// Who may connect, by address. The longest entry that the address is in decides; of the same network in both lists, denial. Whoever is in none is let in, unless there is anything in the
/// list of those who are allowed. Immutable; any thread.
/// </summary>
public sealed class AccessList
{
    private const int Deny = 0;
    private const int Allow = 1;

    private readonly PrefixTable _table;
    private readonly bool _letsOthersIn;

    public AccessList(IReadOnlyCollection<IPNetwork> allow, IReadOnlyCollection<IPNetwork> deny)
    {
        // Of one prefix the last counts.
        _table = PrefixTable.Of([.. allow.Select(static network => (network, Allow)), .. deny.Select(static network => (network, Deny))]);
        _letsOthersIn = allow.Count == 0;
    }

    /// <summary>Entries, each network once.</summary>
    public int Count => _table.Count;

    public bool Admits(in InetEndPoint client) =>
        _table.Find(client) switch
        {
            Allow => true,
            Deny => false,
            _ => _letsOthersIn,
        };
}
