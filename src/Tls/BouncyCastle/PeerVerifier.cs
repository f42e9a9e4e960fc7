using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Org.BouncyCastle.Tls;

namespace TlsGateway.Tls.BouncyCastle;

/// <summary>Checks a peer's chain against given authorities only, at this machine's clock, without any look-up over the network. Thread-safe.</summary>
internal abstract class PeerVerifier
{
    private readonly X509Certificate2Collection _authorities = [];
    private readonly Oid _purpose;

    /// <param name="authoritiesPem">PEM text.</param>
    /// <param name="purpose">The extended key usage that the leaf must allow.</param>
    /// <exception cref="TlsConfigurationException">There is no certificate in the text.</exception>
    protected PeerVerifier(string authoritiesPem, string purpose)
    {
        _purpose = new Oid(purpose);
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

    protected IEnumerable<X509Certificate2> Authorities => _authorities;

    /// <summary>Builds the chain to an authority; null: it verified.</summary>
    /// <param name="leaf">The peer's.</param>
    /// <param name="chainDer">Leaf first, as the peer sent it.</param>
    /// <param name="verified">The whole chain, leaf first, root last; empty when it did not verify.</param>
    protected TlsFailure? Build(X509Certificate2 leaf, IReadOnlyList<byte[]> chainDer, out IReadOnlyList<byte[]> verified)
    {
        using X509Chain chain = new();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(_authorities);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.ApplicationPolicy.Add(_purpose);
        foreach (byte[] der in chainDer.Skip(1))
        {
            chain.ChainPolicy.ExtraStore.Add(X509CertificateLoader.LoadCertificate(der));
        }
        bool isGood = chain.Build(leaf);
        verified = isGood ? [.. chain.ChainElements.Select(static element => element.Certificate.RawData)] : [];
        foreach (X509Certificate2 extra in chain.ChainPolicy.ExtraStore)
        {
            extra.Dispose();
        }
        return isGood ? null : FailureOf(chain.ChainStatus);
    }

    protected static TlsFailure Rejected(short alert, string detail) => new(TlsFailureKind.CertificateRejected, alert, detail);

    private static TlsFailure FailureOf(X509ChainStatus[] problems)
    {
        X509ChainStatusFlags all = problems.Aggregate(X509ChainStatusFlags.NoError, (flags, problem) => flags | problem.Status);
        string detail = $"certificate verify failed: {all}";
        if ((all & (X509ChainStatusFlags.UntrustedRoot | X509ChainStatusFlags.PartialChain)) != 0)
        {
            return Rejected(AlertDescription.unknown_ca, detail);
        }
        if ((all & X509ChainStatusFlags.NotTimeValid) != 0)
        {
            return new TlsFailure(TlsFailureKind.CertificateExpired, AlertDescription.certificate_expired, detail);
        }
        return Rejected(
            (all & X509ChainStatusFlags.NotValidForUsage) != 0
                ? AlertDescription.unsupported_certificate
                : AlertDescription.bad_certificate,
            detail
        );
    }
}
