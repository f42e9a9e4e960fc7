using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace TlsGateway.Fleet.Settings;

/// <summary>How members prove to each other that they are members, in both directions.</summary>
/// <param name="Certificate">This member's, with its key; for servers and for clients.</param>
/// <param name="Authorities">Whoever they sign for, with <paramref name="Role"/> in the certificate, is a member.</param>
/// <param name="Role">A DNS name that every member's certificate has among its subject alternative names.</param>
/// <param name="VerifiesHost">The certificate of a member that this one connects to has the name or address that it was reached by.</param>
public sealed record FleetTls(X509Certificate2 Certificate, X509Certificate2Collection Authorities, string Role, bool VerifiesHost)
{
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";
    private const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";

    /// <summary>The same certificates and rules: what <see cref="FleetNode"/> starts anew for.</summary>
    public bool IsSameAs(FleetTls other) =>
        Role == other.Role
        && VerifiesHost == other.VerifiesHost
        && Certificate.RawDataMemory.Span.SequenceEqual(other.Certificate.RawDataMemory.Span)
        && Authorities.Count == other.Authorities.Count
        && Authorities
            .Zip(other.Authorities)
            .All(static pair => pair.First.RawDataMemory.Span.SequenceEqual(pair.Second.RawDataMemory.Span));

    /// <summary>Why who shows <paramref name="certificate"/> is no member; null: it is one.</summary>
    /// <param name="certificate">Null: none is shown.</param>
    /// <param name="sent">What came with it.</param>
    /// <param name="errors">What the platform found, which goes by the machine's authorities: only the name counts here.</param>
    public string? FindProblem(X509Certificate2? certificate, X509Chain? sent = null, SslPolicyErrors errors = SslPolicyErrors.None)
    {
        if (certificate is null)
        {
            return "it shows no certificate";
        }
        using X509Chain chain = new();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(Authorities);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        foreach (var element in sent?.ChainElements ?? Enumerable.Empty<X509ChainElement>())
        {
            chain.ChainPolicy.ExtraStore.Add(element.Certificate);
        }
        if (!chain.Build(certificate))
        {
            var status = chain.ChainStatus.FirstOrDefault();
            return $"its certificate {certificate.Subject} does not come from the members' authorities ({status.Status})";
        }
        if (!Allows(certificate, ServerAuthentication) || !Allows(certificate, ClientAuthentication))
        {
            return $"its certificate {certificate.Subject} is not for servers and clients both (extended key usage)";
        }
        if (!HasName(certificate, Role))
        {
            return $"its certificate {certificate.Subject} does not have the name {Role} of members";
        }
        // Seen from the side that connects only: who accepts knows no name to compare with.
        return VerifiesHost && errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch)
            ? $"its certificate {certificate.Subject} does not have the name or address that it was reached by"
            : null;
    }

    private static bool Allows(X509Certificate2 certificate, string purpose) =>
        certificate.Extensions.OfType<X509EnhancedKeyUsageExtension>().FirstOrDefault() is not { } usages
        || usages.EnhancedKeyUsages.Cast<Oid>().Any(one => one.Value == purpose);

    /// <summary>To the letter: a certificate for any name (*.) has no role.</summary>
    private static bool HasName(X509Certificate2 certificate, string name) =>
        certificate
            .Extensions.OfType<X509SubjectAlternativeNameExtension>()
            .SelectMany(static names => names.EnumerateDnsNames())
            .Contains(name, StringComparer.OrdinalIgnoreCase);
}
