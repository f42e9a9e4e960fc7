using TlsGateway.Tls.ClientCertificates;

namespace TlsGateway.Gateway.ClientCertificates;

/// <summary>One entry of the list of clients that are let in: all parts that are not null must fit.</summary>
/// <param name="CommonName">For a CN; * stands for any characters.</param>
/// <param name="OrganizationalUnit">For an OU, as above.</param>
/// <param name="DnsName">For a dNSName; * stays within a label, letter case does not count.</param>
/// <param name="Uri">For a URI; * stays within a path segment. A SPIFFE ID counts only if it is the one URI (X.509-SVID §2).</param>
internal sealed record ClientMatch(string? CommonName, string? OrganizationalUnit, string? DnsName, string? Uri)
{
    private const string Spiffe = "spiffe://";

    public bool Fits(TlsPeerCertificate peer) =>
        FitsAny(CommonName, peer.CommonNames, separator: '\0')
        && FitsAny(OrganizationalUnit, peer.OrganizationalUnits, separator: '\0')
        && FitsAny(DnsName?.ToLowerInvariant(), peer.DnsNames.Select(static name => name.ToLowerInvariant()), separator: '.')
        && FitsUri(peer);

    private bool FitsUri(TlsPeerCertificate peer) =>
        (Uri is null || !Uri.StartsWith(Spiffe, StringComparison.Ordinal) || peer.Uris.Count == 1)
        && FitsAny(Uri, peer.Uris, separator: '/');

    private static bool FitsAny(string? pattern, IEnumerable<string> names, char separator) =>
        pattern is null || names.Any(name => Fits(pattern, name, separator));

    /// <summary>
    /// Whether <paramref name="name"/> is of the form of <paramref name="pattern"/>, in which * stands for any characters (or none) but <paramref name="separator"/>. The last * is
    /// enough to go back to, so the time is at most the product of the lengths.
    /// </summary>
    internal static bool Fits(ReadOnlySpan<char> pattern, ReadOnlySpan<char> name, char separator)
    {
        var (p, n, star, resume) = (0, 0, -1, 0);
        while (n < name.Length)
        {
            if (p < pattern.Length && pattern[p] == '*')
            {
                (star, resume) = (p++, n);
            }
            else if (p < pattern.Length && pattern[p] == name[n])
            {
                // Past a separator no earlier * can take more: it may not cross it.
                star = name[n] == separator ? -1 : star;
                p++;
                n++;
            }
            else if (star >= 0 && name[resume] != separator)
            {
                (p, n) = (star + 1, ++resume);
            }
            else
            {
                return false;
            }
        }
        return pattern[p..].IndexOfAnyExcept('*') < 0;
    }

    public override string ToString() =>
        string.Join(
            ", ",
            new[]
            {
                CommonName is null ? null : $"commonName {CommonName}",
                OrganizationalUnit is null ? null : $"organizationalUnit {OrganizationalUnit}",
                DnsName is null ? null : $"dnsName {DnsName}",
                Uri is null ? null : $"uri {Uri}",
            }.OfType<string>()
        );
}
