using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Org.BouncyCastle.Asn1.Ocsp;
using Org.BouncyCastle.Tls;
using Org.BouncyCastle.Tls.Crypto;
using TlsGateway.Tls.Policies;
using BcCertificate = Org.BouncyCastle.Tls.Certificate;
using TlsCertificate = TlsGateway.Tls.TlsCertificate;

namespace TlsGateway.Tls.BouncyCastle;

/// <summary>A certificate chain in both versions' forms, with its key at the host. Immutable; the key may sign on many threads at once.</summary>
internal sealed class ServerCredential
{
    private readonly ECDsa? _ecdsa;
    private readonly RSA? _rsa;
    private readonly BcCertificate _chain12;
    private readonly BcCertificate _chain13;
    private readonly ServerCertificateStaple? _staple;

    private ServerCredential(ECDsa? ecdsa, RSA? rsa, TlsCertificateChain chain, ServerCertificateStaple? staple)
    {
        _ecdsa = ecdsa;
        _rsa = rsa;
        _chain12 = new BcCertificate(chain.Certificates);
        _chain13 = new BcCertificate([], [.. chain.Certificates.Select(certificate => new CertificateEntry(certificate, null))]);
        _staple = staple;
        Names = chain.Names;
        using X509Certificate2 leaf = X509CertificateLoader.LoadCertificate(chain.Certificates[0].GetEncoded());
        Algorithms = CertificateAlgorithms.Of(leaf);
    }

    public CertificateAlgorithms Algorithms { get; }

    public bool IsRsa => _rsa is not null;

    public IReadOnlyList<string> Names { get; }

    /// <exception cref="TlsConfigurationException">The chain or the key does not load, they do not match, or the key is of a kind that .NET cannot sign with.</exception>
    public static ServerCredential Load(TlsCertificate certificate, TlsPolicy policy)
    {
        try
        {
            X509Certificate2Collection chain = [];
            chain.ImportFromPem(certificate.ChainPem);
            if (chain.Count == 0)
            {
                throw Unusable(certificate, "its file holds no certificate", "Give PEM text, leaf first.");
            }
            using X509Certificate2 withKey = X509Certificate2.CreateFromPem(certificate.ChainPem, certificate.KeyPem);
            ECDsa? ecdsa = withKey.GetECDsaPrivateKey();
            RSA? rsa = withKey.GetRSAPrivateKey();
            if (ecdsa is null && rsa is null)
            {
                throw Unusable(certificate, "its key is neither ECDSA nor RSA", "Use such a key, or the engine openssl.");
            }
            int least = rsa is not null ? policy.MinimumRsaKeyBits : policy.MinimumEcKeyBits;
            int bits = rsa?.KeySize ?? ecdsa!.KeySize;
            if (bits < least)
            {
                throw Unusable(
                    certificate,
                    $"its {(rsa is not null ? "RSA" : "elliptic curve")} key is too small: {bits} bits, {least} are the least",
                    "Make a new key and certificate."
                );
            }
            ServerCredential credential = new(ecdsa, rsa, TlsCertificateChain.Of(chain), certificate.Staple);
            foreach (X509Certificate2 each in chain)
            {
                each.Dispose();
            }
            return credential;
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            throw new TlsConfigurationException(
                $"Certificate {certificate.Name} cannot be used: {e.Message} Check that the chain and the key are PEM text and belong together.",
                e
            );
        }
    }

    /// <summary>The first of <paramref name="offered"/> that is allowed here and that this key can make.</summary>
    public SignatureAndHashAlgorithm? Choose(
        IList<SignatureAndHashAlgorithm>? offered,
        IReadOnlyList<SignatureAndHashAlgorithm> allowed,
        bool isTls13
    )
    {
        foreach (SignatureAndHashAlgorithm algorithm in allowed)
        {
            if (offered is not null && offered.Contains(algorithm) && CanSign(SignatureScheme.From(algorithm), isTls13))
            {
                return algorithm;
            }
        }
        return null;
    }

    /// <summary>The OCSP response to staple now; null: none.</summary>
    public CertificateStatus? Staple() =>
        _staple?.Get(TimeProvider.System.GetUtcNow()) is { } response
            ? new CertificateStatus(CertificateStatusType.ocsp, OcspResponse.GetInstance(response))
            : null;

    public TlsCredentialedSigner Signer(TlsContext context, SignatureAndHashAlgorithm algorithm) =>
        new DefaultTlsCredentialedSigner(
            new TlsCryptoParameters(context),
            new HostSigner(_ecdsa, _rsa),
            TlsUtilities.IsTlsV13(context) ? Chain13(context) : _chain12,
            algorithm
        );

    /// <summary>On TLS 1.3 the response is an extension of the leaf's entry (RFC 8446 §4.4.2.1), for a client that asked.</summary>
    private BcCertificate Chain13(TlsContext context)
    {
        if (context.SecurityParameters.StatusRequestVersion < 1 || Staple() is not { } staple)
        {
            return _chain13;
        }
        using MemoryStream encoded = new();
        staple.Encode(encoded);
        CertificateEntry[] entries = _chain13.GetCertificateEntryList();
        entries[0] = new CertificateEntry(
            entries[0].Certificate,
            new Dictionary<int, byte[]> { [ExtensionType.status_request] = encoded.ToArray() }
        );
        return new BcCertificate([], entries);
    }

    // RFC 8446 §4.2.3: TLS 1.3 ties an ECDSA scheme to its curve and knows PKCS#1 v1.5 in certificates only.
    private bool CanSign(int scheme, bool isTls13) =>
        scheme switch
        {
            SignatureScheme.ecdsa_secp256r1_sha256 => _ecdsa is not null && (!isTls13 || _ecdsa.KeySize == 256),
            SignatureScheme.ecdsa_secp384r1_sha384 => _ecdsa is not null && (!isTls13 || _ecdsa.KeySize == 384),
            SignatureScheme.ecdsa_secp521r1_sha512 => _ecdsa is not null && (!isTls13 || _ecdsa.KeySize == 521),
            SignatureScheme.rsa_pss_rsae_sha256 or SignatureScheme.rsa_pss_rsae_sha384 or SignatureScheme.rsa_pss_rsae_sha512 => IsRsa,
            SignatureScheme.rsa_pkcs1_sha256 or SignatureScheme.rsa_pkcs1_sha384 or SignatureScheme.rsa_pkcs1_sha512 => IsRsa && !isTls13,
            _ => false,
        };

    private static TlsConfigurationException Unusable(TlsCertificate certificate, string problem, string remedy) =>
        new($"Certificate {certificate.Name} cannot be used: {problem}. {remedy}");
}
