using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;
using TlsGateway.Fleet.Settings;

namespace TlsGateway.Fleet.Remoting;

/// <summary>Says whether who is at the other end of a connection between members is a member. Any thread.</summary>
/// <param name="tls">What a member must have.</param>
/// <param name="log">Gets each refusal.</param>
internal sealed class MemberVerifier(FleetTls tls, ILogger log)
{
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";
    private const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";
    private long _refused;

    /// <summary>Refused so far.</summary>
    public long Refused => Interlocked.Read(ref _refused);

    /// <summary>As the remoting's callback has it.</summary>
    /// <param name="certificate">Of the other; null: it showed none.</param>
    /// <param name="chain">What it sent with it.</param>
    /// <param name="peer">As the remoting calls the other.</param>
    /// <param name="errors">What the platform found, which goes by the machine's authorities: only the name counts here.</param>
    public bool IsMember(X509Certificate2? certificate, X509Chain? chain, string? peer, SslPolicyErrors errors)
    {
        var problem = FindProblem(certificate, chain, errors);
        if (problem is null)
        {
            return true;
        }
        Interlocked.Increment(ref _refused);
        log.MemberRefused(peer ?? "?", problem);
        return false;
    }

    /// <summary>Null: it is a member.</summary>
    internal string? FindProblem(X509Certificate2? certificate, X509Chain? sent, SslPolicyErrors errors)
    {
        if (certificate is null)
        {
            return "it shows no certificate";
        }
        using X509Chain chain = new();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(tls.Authorities);
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
        if (!HasName(certificate, tls.Role))
        {
            return $"its certificate {certificate.Subject} does not have the name {tls.Role} of members";
        }
        // Seen from the side that connects only: who accepts knows no name to compare with.
        return tls.VerifiesHost && errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch)
            ? $"its certificate {certificate.Subject} does not have the name or address that it was reached by"
            : null;
    }

    private static bool Allows(X509Certificate2 certificate, string purpose) =>
        certificate.Extensions.OfType<X509EnhancedKeyUsageExtension>().FirstOrDefault() is not { } usages
        || usages.EnhancedKeyUsages.Cast<System.Security.Cryptography.Oid>().Any(one => one.Value == purpose);

    /// <summary>To the letter: a certificate for any name (*.) has no role.</summary>
    private static bool HasName(X509Certificate2 certificate, string name) =>
        certificate
            .Extensions.OfType<X509SubjectAlternativeNameExtension>()
            .SelectMany(static names => names.EnumerateDnsNames())
            .Contains(name, StringComparer.OrdinalIgnoreCase);
}
