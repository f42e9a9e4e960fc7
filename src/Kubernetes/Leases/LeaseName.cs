using System.Security.Cryptography;
using System.Text;

namespace TlsGateway.Kubernetes.Leases;

/// <summary>Names of Lease objects, which are labels of DNS.</summary>
internal static class LeaseName
{
    /// <summary>A label of DNS (RFC 1035 §2.3.4).</summary>
    public const int MaxLength = 63;

    private const int HashLength = 12;

    /// <summary>
    /// A name that Kubernetes takes, the same for the same name everywhere. One that had to be changed gets a hash of what it was, so that two names stay two.
    /// </summary>
    public static string From(string name)
    {
        StringBuilder safe = new(Math.Min(name.Length, MaxLength));
        foreach (var c in name)
        {
            if (safe.Length == MaxLength)
            {
                break;
            }
            var kept = char.ToLowerInvariant(c);
            safe.Append(char.IsAsciiLetterLower(kept) || char.IsAsciiDigit(kept) ? kept : '-');
        }
        var label = safe.ToString().Trim('-');
        if (label == name && label.Length > 0)
        {
            return label;
        }
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(name)))[..HashLength];
        var room = Math.Min(label.Length, MaxLength - HashLength - 1);
        var start = label[..room].TrimEnd('-');
        return start.Length > 0 ? $"{start}-{hash}" : $"lease-{hash}";
    }
}
