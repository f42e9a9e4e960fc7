using System.Net;
using System.Text;
using Org.BouncyCastle.Tls;

namespace TlsGateway.Tls.BouncyCastle;

/// <summary>The client's answers to BouncyCastle's questions in one handshake.</summary>
internal sealed partial class ClientPeer(BouncyCastleContext context, EngineEvents events, TlsServerTarget target)
    : DefaultTlsClient(HostCrypto.Shared),
        TlsAuthentication
{
    public override ProtocolVersion[] GetProtocolVersions() => context.Parameters.Versions;

    protected override ProtocolVersion[] GetSupportedVersions() => context.Parameters.Versions;

    protected override int[] GetSupportedCipherSuites() => context.Parameters.Suites;

    protected override IList<int> GetSupportedGroups(IList<int> namedGroupRoles) => context.Parameters.Groups;

    protected override IList<SignatureAndHashAlgorithm> GetSupportedSignatureAlgorithms() => context.Parameters.SignatureAlgorithms;

    protected override IList<ProtocolName>? GetProtocolNames() => Protocols is { Count: > 0 } protocols ? protocols : null;

    protected override IList<ServerName>? GetSniServerNames() =>
        target.ServerName is { } name && !IPAddress.TryParse(name, out _)
            ? [new ServerName(NameType.host_name, Encoding.ASCII.GetBytes(name))]
            : null;

    private IList<ProtocolName> Protocols =>
        target.ApplicationProtocols is { } given ? [.. given.Select(ProtocolName.AsUtf8Encoding)] : context.Protocols;

    public override bool RequiresCloseNotify() => false;

    public override void NotifySecureRenegotiation(bool secureRenegotiation) { }

    public override TlsAuthentication GetAuthentication() => this;

    public void NotifyServerCertificate(TlsServerCertificate serverCertificate)
    {
        List<byte[]> chain = [.. serverCertificate.Certificate.GetCertificateList().Select(certificate => certificate.GetEncoded())];
        events.PeerChain = chain;
        if (context.ServerVerifier?.Verify(chain, target.VerifiedName) is { } failure)
        {
            throw events.Refuse(failure.Kind, (short)failure.Alert, failure.Detail);
        }
    }

    public TlsCredentials? GetClientCredentials(CertificateRequest certificateRequest) =>
        context.ClientCredential is { } credential
        && credential.Choose(
            certificateRequest.SupportedSignatureAlgorithms,
            context.Parameters.SignatureAlgorithms,
            TlsUtilities.IsTlsV13(m_context)
        )
            is { } algorithm
            ? credential.Signer(m_context, algorithm)
            : null;

    public override void NotifyAlertReceived(short alertLevel, short alertDescription)
    {
        ForgetSession(alertLevel);
        events.OnAlertReceived(alertLevel, alertDescription);
    }

    public override void NotifyAlertRaised(short alertLevel, short alertDescription, string message, Exception cause)
    {
        ForgetSession(alertLevel);
        events.OnAlertSent(alertLevel, alertDescription);
    }

    public override void NotifyHandshakeComplete()
    {
        base.NotifyHandshakeComplete();
        bool isResumed = m_context.SecurityParameters.IsResumedSession;
        if (!TlsUtilities.IsTlsV13(m_context))
        {
            events.PeerChain = isResumed ? _offered!.State.PeerChain : events.PeerChain;
            KeepSession();
        }
        events.Complete(m_context, target.ServerName ?? "", isResumed);
        if (context.KeyLog is { } log)
        {
            KeyLogLines.Write(m_context, log);
        }
    }
}
