using Org.BouncyCastle.Tls;
using Org.BouncyCastle.Tls.Crypto;
using TlsGateway.Tls.ClientCertificates;

namespace TlsGateway.Tls.BouncyCastle;

/// <summary>A listener's answers to BouncyCastle's questions in one handshake.</summary>
internal sealed partial class ServerPeer(BouncyCastleContext context, EngineEvents events, HandshakeCrypto crypto)
    : DefaultTlsServer(crypto)
{
    private string _serverName = "";
    private TlsPeerCertificate? _peer;
    private int[]? _clientGroups;
    private IReadOnlyList<ServerCredential> _credentials = [];

    public override ProtocolVersion[] GetProtocolVersions() => context.Parameters.Versions;

    protected override ProtocolVersion[] GetSupportedVersions() => context.Parameters.Versions;

    protected override int[] GetSupportedCipherSuites() => context.Parameters.Suites;

    public override int[] GetSupportedGroups() => context.Parameters.Groups;

    protected override IList<ProtocolName>? GetProtocolNames() => context.Protocols.Count > 0 ? context.Protocols : null;

    /// <summary>A client that puts ChaCha20 first has no AES in hardware: it is heard, if there is ChaCha20 here.</summary>
    protected override bool PreferLocalCipherSuites() =>
        context.Parameters.PreferServer
        && !(
            Array.Find(m_offeredCipherSuites, ParameterNumbers.IsKnownSuite) is var first
            && ParameterNumbers.IsChaCha(first)
            && context.Parameters.Suites.Contains(first)
        );

    // Truncation is the session's to see: BouncyCastle is never told of the end of the stream.
    public override bool RequiresCloseNotify() => false;

    // RFC 5746 §3.6 lets a client without secure renegotiation in; there is no renegotiation here at all.
    public override void NotifySecureRenegotiation(bool secureRenegotiation) { }

    public override void ProcessClientExtensions(IDictionary<int, byte[]> clientExtensions)
    {
        base.ProcessClientExtensions(clientExtensions);
        _ticket = clientExtensions?.TryGetValue(ExtensionType.session_ticket, out byte[]? ticket) == true ? ticket : null;
        CheckGroups(clientExtensions);
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
        if (exchange is KeyExchangeAlgorithm.ECDHE_ECDSA or KeyExchangeAlgorithm.ECDHE_RSA && SelectECDH(0) < 0)
        {
            return false;
        }
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
        events.Shown = chosen.Credential.Algorithms;
        return chosen.Credential.Signer(m_context, chosen.Algorithm);
    }

    protected override bool AllowCertificateStatus() => _credentials.Any(static credential => credential.Staple() is not null);

    /// <summary>TLS 1.2's own message; TLS 1.3 has the response beside the certificate.</summary>
    public override CertificateStatus? GetCertificateStatus() =>
        Choose(m_context.SecurityParameters.KeyExchangeAlgorithm)?.Credential.Staple();

    public override CertificateRequest? GetCertificateRequest()
    {
        if (context.ClientVerifier is not { } clients)
        {
            return null;
        }
        List<SignatureAndHashAlgorithm> algorithms = context.Parameters.SignatureAlgorithms;
        return TlsUtilities.IsTlsV13(m_context)
            ? new CertificateRequest(TlsUtilities.EmptyBytes, algorithms, null, clients.AuthorityNames)
            : new CertificateRequest(
                [ClientCertificateType.ecdsa_sign, ClientCertificateType.rsa_sign],
                algorithms,
                clients.AuthorityNames
            );
    }

    /// <summary>Before the client has proved that it has the key: who it is becomes known when the handshake is complete.</summary>
    public override void NotifyClientCertificate(Certificate clientCertificate)
    {
        ClientVerifier clients = context.ClientVerifier!;
        if (clientCertificate.IsEmpty)
        {
            if (clients.IsRequired)
            {
                short alert = TlsUtilities.IsTlsV13(m_context) ? AlertDescription.certificate_required : AlertDescription.handshake_failure;
                throw events.Refuse(TlsFailureKind.CertificateMissing, alert, "the client showed no certificate");
            }
            return;
        }
        List<byte[]> chain = [.. clientCertificate.GetCertificateList().Select(static certificate => certificate.GetEncoded())];
        events.PeerChain = chain;
        if (clients.Verify(chain, out _peer) is { } failure)
        {
            throw events.Refuse(failure.Kind, (short)failure.Alert, failure.Detail);
        }
    }

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
        bool isResumed = IsResumed;
        events.PeerCertificate = isResumed ? _readmitted : _peer;
        events.PeerChain = PeerChain;
        if (!TlsUtilities.IsTlsV13(m_context))
        {
            events.Tls12Group = isResumed ? _offered!.Group : events.Tls12Group;
            KeepSession();
        }
        events.Complete(m_context, _serverName, isResumed);
        if (context.KeyLog is { } log)
        {
            KeyLogLines.Write(m_context, log);
        }
        DropOffered();
    }

    /// <summary>TLS 1.2's group: one of ours that the client has too. The base takes whatever the client names first.</summary>
    protected override int SelectECDH(int minimumCurveBits)
    {
        // RFC 8422 §4: a client that names none takes any; hybrids with ML-KEM are TLS 1.3's only.
        IEnumerable<int> ours = context.Parameters.Groups.Where(group =>
            NamedGroup.GetCurveBits(group) > 0 && NamedGroup.GetCurveBits(group) >= minimumCurveBits
        );
        if (_clientGroups is null)
        {
            return ours.FirstOrDefault(NamedGroup.RefersToASpecificCurve, -1);
        }
        return context.Parameters.PreferServer
            ? ours.FirstOrDefault(group => _clientGroups.Contains(group), -1)
            : _clientGroups.FirstOrDefault(group => ours.Contains(group), -1);
    }

    public override TlsECConfig GetECDHConfig()
    {
        TlsECConfig chosen = base.GetECDHConfig();
        events.Tls12Group = chosen.NamedGroup;
        return chosen;
    }

    /// <summary>Said here, where the cause is known: later it is one handshake_failure among others.</summary>
    private void CheckGroups(IDictionary<int, byte[]>? clientExtensions)
    {
        _clientGroups = clientExtensions is null ? null : TlsExtensionsUtilities.GetSupportedGroupsExtension(clientExtensions);
        bool isShared = TlsUtilities.IsTlsV13(m_context)
            ? _clientGroups is not null && Array.Exists(_clientGroups, group => context.Parameters.Groups.Contains(group))
            : SelectECDH(0) >= 0;
        if (!isShared)
        {
            throw events.Refuse(TlsFailureKind.NoCommonGroup, AlertDescription.handshake_failure, "no shared key exchange group");
        }
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
