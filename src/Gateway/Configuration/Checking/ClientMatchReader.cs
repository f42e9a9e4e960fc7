using TlsGateway.Gateway.ClientCertificates;
using TlsGateway.Gateway.Configuration.Options;

namespace TlsGateway.Gateway.Configuration.Checking;

/// <summary>Reads lists of what clients' certificates have to say: who is let in, and who takes a route.</summary>
internal static class ClientMatchReader
{
    /// <summary>The entries; null with a problem when one is empty, since it would fit everybody.</summary>
    public static List<ClientMatch>? Read(string path, List<ClientMatchOptions> entries, ConfigurationProblems problems)
    {
        List<ClientMatch> matches = [];
        for (var index = 0; index < entries.Count; index++)
        {
            var entry = entries[index];
            ClientMatch match = new(entry.CommonName, entry.OrganizationalUnit, entry.DnsName, entry.Uri);
            if (match == new ClientMatch(null, null, null, null))
            {
                problems.Error(
                    entry.Start,
                    $"{path}[{index}] is empty: everybody would fit it. Write commonName, organizationalUnit, dnsName or uri."
                );
                return null;
            }
            matches.Add(match);
        }
        return matches;
    }
}
