using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Org.BouncyCastle.Tls;

namespace TlsGateway.Tls.BouncyCastle;

/// <summary>Checks a server's chain against given authorities only, at this machine's clock, without any look-up over the network. Thread-safe.</summary>
internal sealed class ServerVerifier
{
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";

    private readonly X509Certificate2Collection _authorities = [];

    /// <exception cref="TlsConfigurationException">There is no certificate in the text.</exception>
    public ServerVerifier(string authoritiesPem)
    {
        try
        {
            _authorities.ImportFromPem(authoritiesPem);
        }
        catch (CryptographicException e)
        {
            throw new TlsConfigurationException($"The trusted authorities cannot be read: {e.Message} Give PEM certificates.", e);
        }
        if (_authorities.Count == 0)
        {
            throw new TlsConfigurationException(
                "The trusted authorities hold no certificate: PEM text with BEGIN CERTIFICATE is expected."
            );
        }
    }

    /// <summary>Null: it verified.</summary>
    /// <param name="chainDer">Leaf first, as the server sent it.</param>
    /// <param name="serverName">What the leaf must be for; null: any.</param>
    public TlsFailure? Verify(IReadOnlyList<byte[]> chainDer, string? serverName)
    {
        if (chainDer.Count == 0)
        {
            return Rejected(AlertDescription.bad_certificate, "the server showed no certificate");
        }
        try
        {
            using X509Certificate2 leaf = X509CertificateLoader.LoadCertificate(chainDer[0]);
            return Build(leaf, chainDer) ?? (serverName is null || leaf.MatchesHostname(serverName) ? null : WrongName(serverName));
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            return Rejected(AlertDescription.bad_certificate, "the certificate is not well formed");
        }
    }

    private TlsFailure? Build(X509Certificate2 leaf, IReadOnlyList<byte[]> chainDer)
    {
        using X509Chain chain = new();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(_authorities);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.ApplicationPolicy.Add(new Oid(ServerAuthentication));
        foreach (byte[] der in chainDer.Skip(1))
        {
            chain.ChainPolicy.ExtraStore.Add(X509CertificateLoader.LoadCertificate(der));
        }
        bool isGood = chain.Build(leaf);
        foreach (X509Certificate2 extra in chain.ChainPolicy.ExtraStore)
        {
            extra.Dispose();
        }
        return isGood ? null : FailureOf(chain.ChainStatus);
    }

    private static TlsFailure FailureOf(X509ChainStatus[] problems)
    {
        X509ChainStatusFlags all = problems.Aggregate(X509ChainStatusFlags.NoError, (flags, problem) => flags | problem.Status);
        string detail = $"certificate verify failed: {all}";
        if ((all & (X509ChainStatusFlags.UntrustedRoot | X509ChainStatusFlags.PartialChain)) != 0)
        {
            return Rejected(AlertDescription.unknown_ca, detail);
        }
        return (all & X509ChainStatusFlags.NotTimeValid) != 0
            ? new TlsFailure(TlsFailureKind.CertificateExpired, AlertDescription.certificate_expired, detail)
            : Rejected(AlertDescription.bad_certificate, detail);
    }

    private static TlsFailure WrongName(string serverName) =>
        Rejected(AlertDescription.bad_certificate, $"certificate verify failed: it is not for {serverName}");

    private static TlsFailure Rejected(short alert, string detail) => new(TlsFailureKind.CertificateRejected, alert, detail);
}
