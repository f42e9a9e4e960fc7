using System.Net;

namespace TlsGateway.Actors.Names;

/// <summary>The order in which the addresses of one name are tried.</summary>
public static class AddressOrder
{
    /// <summary>RFC 8305 §4: the families by turns, beginning with the first one's, so that an attempt after one that failed goes the other way. Each address once.</summary>
    public static IEnumerable<IPAddress> Interleave(IReadOnlyCollection<IPAddress> addresses)
    {
        var families = addresses
            .Distinct()
            .GroupBy(static address => address.AddressFamily)
            .Select(static family => family.ToList())
            .ToList();
        for (var i = 0; families.Exists(family => i < family.Count); i++)
        {
            foreach (var family in families)
            {
                if (i < family.Count)
                    yield return family[i];
            }
        }
    }
}
