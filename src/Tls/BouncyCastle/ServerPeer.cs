using System.Text;
using Org.BouncyCastle.Tls;

namespace TlsGateway.Tls.BouncyCastle;

/// <summary>A listener's answers to BouncyCastle's questions in one handshake.</summary>
internal sealed class ServerPeer(BouncyCastleContext context, EngineEvents events) : DefaultTlsServer(HostCrypto.Shared)
{
    private string _serverName = "";
    private IReadOnlyList<ServerCredential> _credentials = [];

    public override ProtocolVersion[] GetProtocolVersions() => context.Parameters.Versions;

    protected override ProtocolVersion[] GetSupportedVersions() => context.Parameters.Versions;

    protected override int[] GetSupportedCipherSuites() => context.Parameters.Suites;

    public override int[] GetSupportedGroups() => context.Parameters.Groups;

    protected override IList<ProtocolName>? GetProtocolNames() => context.Protocols.Count > 0 ? context.Protocols : null;

    protected override bool PreferLocalCipherSuites() => context.Parameters.PreferServer;

    // Truncation is the session's to see: BouncyCastle is never told of the end of the stream.
    public override bool RequiresCloseNotify() => false;

    // RFC 5746 §3.6 lets a client without secure renegotiation in; there is no renegotiation here at all.
    public override void NotifySecureRenegotiation(bool secureRenegotiation) { }

    public override void ProcessClientExtensions(IDictionary<int, byte[]> clientExtensions)
    {
        base.ProcessClientExtensions(clientExtensions);
        IList<ServerName>? names = m_context.SecurityParameters.ClientServerNames;
        _serverName = names is { Count: > 0 } ? Encoding.Latin1.GetString(names[0].NameData) : "";
        if (context.Find(_serverName) is { } found)
        {
            _credentials = found;
        }
        else if (context.RejectsUnknownServerNames)
        {
            throw events.Refuse(TlsFailureKind.UnknownServerName, AlertDescription.unrecognized_name, "no certificate has the server name");
        }
        else
        {
            _credentials = context.DefaultCredentials;
        }
    }

    public override int GetSelectedCipherSuite()
    {
        try
        {
            return base.GetSelectedCipherSuite();
        }
        catch (TlsFatalAlert e) when (e.AlertDescription == AlertDescription.handshake_failure)
        {
            throw events.Refuse(TlsFailureKind.NoCommonCipherSuite, AlertDescription.handshake_failure, "no shared cipher");
        }
    }

    protected override bool SelectCipherSuite(int cipherSuite)
    {
        int exchange = TlsUtilities.GetKeyExchangeAlgorithm(cipherSuite);
        if (exchange is KeyExchangeAlgorithm.ECDHE_ECDSA or KeyExchangeAlgorithm.ECDHE_RSA && Choose(exchange) is null)
        {
            return false;
        }
        return base.SelectCipherSuite(cipherSuite);
    }

    public override TlsCredentials GetCredentials()
    {
        if (Choose(m_context.SecurityParameters.KeyExchangeAlgorithm) is not { } chosen)
        {
            throw events.Refuse(
                TlsFailureKind.NoCommonSignatureAlgorithm,
                AlertDescription.handshake_failure,
                "no shared signature algorithm that a certificate has a key for"
            );
        }
        return chosen.Credential.Signer(m_context, chosen.Algorithm);
    }

    protected override bool AllowCertificateStatus() => _credentials.Any(static credential => credential.Staple() is not null);

    /// <summary>TLS 1.2's own message; TLS 1.3 has the response beside the certificate.</summary>
    public override CertificateStatus? GetCertificateStatus() =>
        Choose(m_context.SecurityParameters.KeyExchangeAlgorithm)?.Credential.Staple();

    public override void NotifyAlertReceived(short alertLevel, short alertDescription) =>
        events.OnAlertReceived(alertLevel, alertDescription);

    public override void NotifyAlertRaised(short alertLevel, short alertDescription, string message, Exception cause) =>
        events.OnAlertSent(alertLevel, alertDescription);

    public override void NotifyHandshakeComplete()
    {
        base.NotifyHandshakeComplete();
        events.Complete(m_context, _serverName);
    }

    private (ServerCredential Credential, SignatureAndHashAlgorithm Algorithm)? Choose(int exchange)
    {
        bool isTls13 = TlsUtilities.IsTlsV13(m_context);
        foreach (ServerCredential credential in _credentials)
        {
            bool fits = isTls13 || credential.IsRsa == (exchange == KeyExchangeAlgorithm.ECDHE_RSA);
            if (
                fits
                && credential.Choose(m_context.SecurityParameters.ClientSigAlgs, context.Parameters.SignatureAlgorithms, isTls13)
                    is { } algorithm
            )
            {
                return (credential, algorithm);
            }
        }
        return null;
    }
}
