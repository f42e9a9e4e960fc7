using System.Security.Cryptography.X509Certificates;
using Org.BouncyCastle.X509;
using TlsGateway.Pki;
using TlsGateway.Pki.Inspection;
using X509Certificate = Org.BouncyCastle.X509.X509Certificate;

namespace TlsGateway.Gateway.Commands.Inspection;

/// <summary>Describes what a server showed, and judges it as a client would.</summary>
internal static class ServerInspection
{
    private const string ServerPurpose = "1.3.6.1.5.5.7.3.1";

    /// <summary>The server, each certificate, the stapled response; and whether a client would trust it.</summary>
    /// <param name="target">Who was asked.</param>
    /// <param name="shown">What came.</param>
    /// <param name="authorities">Whom to trust; null: whom the system trusts.</param>
    /// <param name="now">What days are counted from.</param>
    public static (IReadOnlyList<InspectedItem> Items, bool IsTrusted) Describe(
        ServerTarget target,
        ServerConnection shown,
        IReadOnlyList<X509Certificate>? authorities,
        DateTimeOffset now
    )
    {
        List<InspectedItem> items = [];
        var distrust = Judge(target.ServerName, shown.Chain, authorities, now);
        var trust = authorities is null ? "the system's authorities" : "the given authorities";
        InspectedItem server = new("server");
        server
            .Add("address", "address", shown.EndPoint.ToString())
            .Add("serverName", "server name", target.ServerName)
            .Add("protocol", "protocol", shown.Info.Version)
            .Add("suite", "suite", shown.Info.CipherSuite)
            .Add("group", "group", shown.Info.Group)
            .Add("alpn", "ALPN", shown.Info.ApplicationProtocol.Length > 0 ? shown.Info.ApplicationProtocol : "none")
            .Add("chainLength", "certificates", shown.Chain.Count)
            .Add("stapled", "stapled OCSP", shown.Staple.Length > 0)
            .Add("isTrusted", "verifies", distrust is null)
            .Add("verdict", "verdict", distrust ?? $"good for {target.ServerName}, by {trust}")
            .Warn(distrust is null ? null : $"does not verify by {trust}: {distrust}");
        items.Add(server);
        try
        {
            X509CertificateParser parser = new();
            items.AddRange(shown.Chain.Select(der => CertificateInspection.Describe(parser.ReadCertificate(der), now)));
            if (shown.Staple.Length > 0)
            {
                items.Add(RevocationInspection.DescribeOcsp(shown.Staple, now));
            }
        }
        catch (Exception broken) when (broken is not OutOfMemoryException)
        {
            // Whatever a server sends ends in a message.
            throw new PkiException(
                $"{target.Host}:{target.Port} showed a certificate or response that cannot be read: {broken.Message}",
                broken
            );
        }
        return (items, distrust is null);
    }

    private static string? Judge(
        string serverName,
        IReadOnlyList<byte[]> certificates,
        IReadOnlyList<X509Certificate>? authorities,
        DateTimeOffset now
    )
    {
        try
        {
            return DescribeDistrust(serverName, certificates, authorities, now);
        }
        catch (System.Security.Cryptography.CryptographicException broken)
        {
            return $"it showed a certificate that cannot be read ({broken.Message})";
        }
    }

    private static string? DescribeDistrust(
        string serverName,
        IReadOnlyList<byte[]> certificates,
        IReadOnlyList<X509Certificate>? authorities,
        DateTimeOffset now
    )
    {
        if (certificates.Count == 0)
        {
            return "it showed no certificate";
        }
        using X509Chain chain = new();
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.VerificationTime = now.UtcDateTime;
        chain.ChainPolicy.ApplicationPolicy.Add(new System.Security.Cryptography.Oid(ServerPurpose));
        foreach (var certificate in certificates.Skip(1))
        {
            chain.ChainPolicy.ExtraStore.Add(X509CertificateLoader.LoadCertificate(certificate));
        }
        if (authorities is not null)
        {
            chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            chain.ChainPolicy.CustomTrustStore.AddRange(
                authorities.Select(authority => X509CertificateLoader.LoadCertificate(authority.GetEncoded())).ToArray()
            );
        }
        using var leaf = X509CertificateLoader.LoadCertificate(certificates[0]);
        List<string> problems = [];
        if (!chain.Build(leaf))
        {
            problems.AddRange(chain.ChainStatus.Select(status => status.StatusInformation.Trim()).Distinct(StringComparer.Ordinal));
        }
        if (!leaf.MatchesHostname(serverName, allowWildcards: true, allowCommonName: false))
        {
            problems.Add($"it is not for {serverName}");
        }
        return problems.Count > 0 ? string.Join("; ", problems) : null;
    }
}
