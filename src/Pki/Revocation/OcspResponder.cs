using Org.BouncyCastle.Asn1;
using Org.BouncyCastle.Asn1.Ocsp;
using Org.BouncyCastle.Asn1.X509;
using Org.BouncyCastle.Math;
using Org.BouncyCastle.Ocsp;
using Org.BouncyCastle.X509;
using TlsGateway.Pki.Authority;
using TlsGateway.Pki.Certificates;
using TlsGateway.Pki.Files;
using TlsGateway.Pki.Keys;

namespace TlsGateway.Pki.Revocation;

/// <summary>Answers OCSP requests (RFC 6960) from an authority's index, without any network. Thread-safe.</summary>
public sealed class OcspResponder
{
    /// <summary>A request for one certificate has about 100 bytes, a signed one with its chain some KiB. Larger ones are refused unread.</summary>
    public const int MaxRequestBytes = 8 * 1024;

    /// <summary>Each entry costs one look-up and 100 bytes of signed answer.</summary>
    private const int MaxEntries = 16;

    /// <summary>RFC 9654 §2.1: up to 128 octets.</summary>
    private const int MaxNonceBytes = 128;

    private static readonly CertificateStatus Good = CertificateStatus.Good!;

    private readonly X509Certificate _issuer;
    private readonly OcspSigner _signer;
    private readonly LiveIndex _index;
    private readonly TimeProvider _time;
    private readonly TimeSpan _validity;

    /// <summary>Makes one.</summary>
    /// <param name="folder">The authority: its certificate and index are read.</param>
    /// <param name="signer">Signs the answers.</param>
    /// <param name="validity">From an answer's thisUpdate to its nextUpdate.</param>
    /// <param name="time">The clock.</param>
    public OcspResponder(AuthorityFolder folder, OcspSigner signer, TimeSpan validity, TimeProvider time)
    {
        _issuer = CertificatePem.ReadFile(folder.CertificateFile)[0];
        _index = new LiveIndex(folder.IndexFile);
        _signer = signer;
        _validity = validity;
        _time = time;
    }

    /// <summary>The DER of an OCSPResponse: always one, whatever came.</summary>
    public byte[] Answer(ReadOnlySpan<byte> request)
    {
        if (request.Length > MaxRequestBytes || Parse(request) is not { } parsed)
        {
            return Failed(OcspRespStatus.MalformedRequest);
        }
        try
        {
            // An answer under a certificate that has ended would be refused by every client: let them try again.
            var now = _time.GetUtcNow();
            return now > KeyFacts.Time(_signer.Certificate.NotAfter) ? Failed(OcspRespStatus.TryLater) : Answer(parsed, now);
        }
        catch (PkiException)
        {
            // The index cannot be read just now; saying good or unknown would be a guess.
            return Failed(OcspRespStatus.TryLater);
        }
    }

    private byte[] Answer((Req[] Entries, X509Extension? Nonce) request, DateTimeOffset now)
    {
        BasicOcspRespGenerator generator = new(new RespID(_signer.Certificate.SubjectDN));
        var index = _index.Read();
        foreach (var entry in request.Entries)
        {
            var id = entry.GetCertID();
            generator.AddResponse(id, StatusOf(id, index), now.UtcDateTime, (now + _validity).UtcDateTime, singleExtensions: null);
        }
        if (request.Nonce is { } nonce)
        {
            generator.SetResponseExtensions(
                new X509Extensions(
                    new Dictionary<DerObjectIdentifier, X509Extension>
                    {
                        [OcspObjectIdentifiers.PkixOcspNonce] = new(critical: false, nonce.Value),
                    }
                )
            );
        }
        var response = generator.Generate(PrivateKeys.Signer(_signer.Key), [_signer.Certificate], now.UtcDateTime);
        return new OCSPRespGenerator().Generate(OcspRespStatus.Successful, response).GetEncoded();
    }

    private CertificateStatus? StatusOf(CertificateID id, IReadOnlyDictionary<string, IndexEntry> index)
    {
        if (!IsOurs(id) || !index.TryGetValue(KeyFacts.Serial(id.SerialNumber), out var entry))
        {
            return new UnknownStatus();
        }
        return entry is { RevokedAt: { } at, Reason: { } reason } ? Revoked(at, reason) : Good;
    }

    private static RevokedStatus Revoked(DateTimeOffset at, RevocationReason reason) =>
        reason == RevocationReason.Unspecified
            ? new RevokedStatus(new RevokedInfo(new DerGeneralizedTime(at.UtcDateTime)))
            : new RevokedStatus(at.UtcDateTime, (int)reason);

    /// <summary>The request's hashes are of our name and key; a hash that is not known here is nobody's.</summary>
    private bool IsOurs(CertificateID id)
    {
        try
        {
            return id.MatchesIssuer(_issuer);
        }
        catch (Exception unknown) when (Unreadable.IsExpected(unknown))
        {
            return false;
        }
    }

    /// <summary>Null: the request is malformed or too large for one answer.</summary>
    private static (Req[] Entries, X509Extension? Nonce)? Parse(ReadOnlySpan<byte> bytes)
    {
        try
        {
            OcspReq request = new(bytes.ToArray());
            var entries = request.GetRequestList();
            var nonce = request.RequestExtensions?.GetExtension(OcspObjectIdentifiers.PkixOcspNonce);
            var isGood =
                entries.Length is > 0 and <= MaxEntries
                && Array.TrueForAll(entries, static entry => entry.GetCertID().SerialNumber is { SignValue: > 0, BitLength: <= 160 })
                && (nonce is null || nonce.Value.GetOctets().Length <= MaxNonceBytes + 3);
            return isGood ? (entries, nonce) : null;
        }
        catch (Exception broken) when (Unreadable.IsExpected(broken))
        {
            return null;
        }
    }

    private static byte[] Failed(int status) => new OCSPRespGenerator().Generate(status, response: null).GetEncoded();
}
