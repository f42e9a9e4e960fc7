using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Org.BouncyCastle.Asn1.X509;
using Org.BouncyCastle.Tls;
using TlsGateway.Tls.ClientCertificates;
using TlsGateway.Tls.Policies;

namespace TlsGateway.Tls.BouncyCastle;

/// <summary>A listener's policy for client certificates: chain, depth, revocation, key size, and who is let in.</summary>
internal sealed class ClientVerifier : PeerVerifier
{
    private readonly TlsClientAuthentication _authentication;
    private readonly TlsPolicy _policy;
    private readonly RevocationLists? _revoked;

    /// <exception cref="TlsConfigurationException">An authority or CRL cannot be used.</exception>
    public ClientVerifier(TlsClientAuthentication authentication, TlsPolicy policy)
        : base(authentication.TrustedAuthoritiesPem, "1.3.6.1.5.5.7.3.2")
    {
        _authentication = authentication;
        _policy = policy;
        _revoked = authentication.RevocationListsPem.Count > 0 ? new RevocationLists(authentication.RevocationListsPem) : null;
        AuthorityNames = [.. Authorities.Select(static authority => X509Name.GetInstance(authority.SubjectName.RawData))];
    }

    /// <summary>A client without a certificate is refused.</summary>
    public bool IsRequired => _authentication.Mode == ClientCertificateMode.Required;

    /// <summary>Clients choose a certificate by them (RFC 8446 §4.2.4).</summary>
    public IList<X509Name> AuthorityNames { get; }

    /// <summary>Null: the client may come in.</summary>
    /// <param name="chainDer">Leaf first, as the client sent it; not empty.</param>
    /// <param name="peer">Who it is then.</param>
    public TlsFailure? Verify(IReadOnlyList<byte[]> chainDer, out TlsPeerCertificate? peer)
    {
        peer = null;
        try
        {
            using X509Certificate2 leaf = X509CertificateLoader.LoadCertificate(chainDer[0]);
            if (CheckChain(leaf, chainDer, out ReadOnlyMemory<byte> issuer) is { } failure)
            {
                return failure with { Detail = $"{failure.Detail} ({leaf.Subject})" };
            }
            (TlsPeerCertificate read, int rsaBits, int ecBits) = PeerCertificateReader.Read(chainDer[0], issuer);
            if ((rsaBits > 0 && rsaBits < _policy.MinimumRsaKeyBits) || (ecBits > 0 && ecBits < _policy.MinimumEcKeyBits))
            {
                return Rejected(AlertDescription.bad_certificate, $"the key of {read.Subject} is too small");
            }
            if (_authentication.Authorize?.Invoke(read) is { } reason)
            {
                return new TlsFailure(TlsFailureKind.AccessDenied, AlertDescription.access_denied, reason);
            }
            peer = read;
            return null;
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            return Rejected(AlertDescription.bad_certificate, $"the certificate cannot be read: {e.Message}");
        }
    }

    private TlsFailure? CheckChain(X509Certificate2 leaf, IReadOnlyList<byte[]> chainDer, out ReadOnlyMemory<byte> issuer)
    {
        issuer = default;
        if (Build(leaf, chainDer, out IReadOnlyList<byte[]> verified) is { } failure)
        {
            return failure;
        }
        issuer = verified.Count > 1 ? verified[1] : default;
        // Without the leaf and the authority.
        return verified.Count - 2 > _authentication.MaximumDepth
            ? Rejected(AlertDescription.unknown_ca, $"certificate verify failed: more than {_authentication.MaximumDepth} intermediates")
            : _revoked?.Check(verified);
    }
}
