using Org.BouncyCastle.Ocsp;
using Org.BouncyCastle.Security;
using Org.BouncyCastle.X509;
using TlsGateway.Gateway.Ocsp;
using TlsGateway.Tls.ClientCertificates;

namespace TlsGateway.Gateway.ClientCertificates;

/// <summary>Makes the check of clients' certificates by OCSP.</summary>
internal static class ClientRevocation
{
    /// <summary>A client waits for it at the start of its connection.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>One for the process: connections to responders are kept and bounded.</summary>
    private static readonly Lazy<HttpClient> Http = new(OcspClient.CreateHttp);

    /// <param name="isHard">No answer keeps the client out.</param>
    /// <param name="responder">Overrides what certificates name.</param>
    /// <param name="authorities">Among whom the issuer is looked for when the connection does not tell it, as in a resumed session.</param>
    /// <param name="time">The clock.</param>
    public static ClientRevocationCheck Create(bool isHard, Uri? responder, IReadOnlyList<X509Certificate> authorities, TimeProvider time)
    {
        OcspClient client = new(Http.Value, time);
        return new ClientRevocationCheck(
            (peer, cancelled) => AskAsync(client, peer, responder, authorities, cancelled),
            isHard,
            Patience,
            time
        );
    }

    private static Task<RevocationAnswer> AskAsync(
        OcspClient client,
        TlsPeerCertificate peer,
        Uri? responder,
        IReadOnlyList<X509Certificate> authorities,
        CancellationToken cancellation
    )
    {
        X509Certificate leaf = new(peer.Der.ToArray());
        var issuer = peer.IssuerDer.IsEmpty
            ? authorities.FirstOrDefault(a => IsIssuer(a, leaf))
            : new X509Certificate(peer.IssuerDer.ToArray());
        return issuer is null
            ? throw new OcspException("its issuer is not known in this session")
            : client.AskAsync(leaf, issuer, responder, cancellation);
    }

    private static bool IsIssuer(X509Certificate authority, X509Certificate leaf)
    {
        try
        {
            leaf.Verify(authority.GetPublicKey());
            return true;
        }
        catch (GeneralSecurityException)
        {
            return false;
        }
    }
}
