using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Org.BouncyCastle.Tls;
using Org.BouncyCastle.Tls.Crypto;
using TlsGateway.Tls.ClientCertificates;

namespace TlsGateway.Tls.BouncyCastle;

// Sessions to resume. BouncyCastle asks for those of TLS 1.2; tickets of TLS 1.3 it knows as external pre-shared keys only, so binder label, age and selection are ours.
internal sealed partial class ServerPeer
{
    /// <summary>Tickets of one hello that are opened: clients offer one or two.</summary>
    private const int MaxOfferedTickets = 4;

    private byte[]? _ticket;
    private uint[] _ages = [];
    private int _hellos;
    private bool _takesTickets13;
    private string _applicationProtocol = "";
    private SessionState? _offered;
    private TlsPeerCertificate? _readmitted;
    private bool _isRenewalDue;
    private byte[]? _keptId;

    private ServerSessions Sessions => context.Sessions!;

    /// <summary>True when this handshake resumes a session.</summary>
    public bool IsResumed => TlsUtilities.IsTlsV13(m_context) ? _offered is not null : m_context.SecurityParameters.IsResumedSession;

    /// <summary>A resumed TLS 1.2 client gets a new ticket, since its own is under an old key.</summary>
    public bool IsRenewing => _isRenewalDue && m_context.SecurityParameters.IsResumedSession;

    /// <summary>Before BouncyCastle reads them: what a ticket is bound to, and the ages of those offered, which are cleared because BouncyCastle expects an external key's 0.</summary>
    public void OnHello(IDictionary<int, byte[]>? extensions)
    {
        _offered = null;
        _readmitted = null;
        if (extensions is null)
        {
            return;
        }
        // A second hello has no early_data, and no early data comes after it (RFC 8446 §4.1.2).
        events.EarlyData = extensions.ContainsKey(ExtensionType.early_data) ? new EarlyDataFilter() : null;
        IList<ServerName>? names = TlsExtensionsUtilities.GetServerNameExtensionClient(extensions);
        string serverName = names is { Count: > 0 } ? Encoding.Latin1.GetString(names[0].NameData) : "";
        IList<ProtocolName>? protocols = TlsExtensionsUtilities.GetAlpnExtensionClient(extensions);
        string applicationProtocol = context.Protocols.FirstOrDefault(ours => protocols?.Contains(ours) == true)?.GetUtf8Decoding() ?? "";
        // BouncyCastle chooses by the first hello and does not look whether the second, after a retry, is the same (RFC 8446 §4.1.2).
        if (_hellos++ > 0 && (serverName != _serverName || applicationProtocol != _applicationProtocol))
        {
            throw events.Refuse(TlsFailureKind.ProtocolViolation, AlertDescription.illegal_parameter, "the second hello is not the first");
        }
        _serverName = serverName;
        _applicationProtocol = applicationProtocol;
        short[]? modes = TlsExtensionsUtilities.GetPskKeyExchangeModesExtension(extensions);
        _takesTickets13 = modes is not null && modes.Contains(PskKeyExchangeMode.psk_dhe_ke);
        if (extensions.TryGetValue(ExtensionType.pre_shared_key, out byte[]? offered))
        {
            _ages = TicketMessages.TakeAges(offered);
        }
    }

    /// <summary>TLS 1.3: the first ticket that is good here and now; null: a full handshake.</summary>
    public override TlsPskExternal? GetExternalPsk(IList<PskIdentity> identities)
    {
        int suite = GetSelectedCipherSuite();
        for (int i = 0; i < Math.Min(Math.Min(identities.Count, _ages.Length), MaxOfferedTickets); i++)
        {
            if (
                Sessions.Open(identities[i].Identity, out _) is { IsTls13: true } state
                && state.CipherSuite == suite
                && state.ApplicationProtocol == _applicationProtocol
                && IsAgeGood(state, _ages[i])
                && MayResume(state)
            )
            {
                _offered = state;
                TlsSecret key = new ResumptionSecret((HostCrypto)m_context.Crypto, [.. state.Secret]);
                // The key is as long as the suite's hash.
                int prf = state.Secret.Length == SHA384.HashSizeInBytes ? PrfAlgorithm.tls13_hkdf_sha384 : PrfAlgorithm.tls13_hkdf_sha256;
                return new BasicTlsPskExternal(identities[i].Identity, key, prf);
            }
        }
        return null;
    }

    /// <summary>TLS 1.2: by ticket where the client has them, else by session ID.</summary>
    public override TlsSession? GetSessionToResume(byte[] sessionID)
    {
        SessionState? state = _ticket switch
        {
            { Length: > 0 } => Sessions.Open(_ticket, out bool isNewest) is { } opened ? Noted(opened, isNewest) : null,
            _ => Sessions.Find(sessionID),
        };
        if (state is not { IsTls13: false } || !IsUsable(state.CipherSuite) || !MayResume(state))
        {
            return null;
        }
        _offered = state;
        return new ResumableSession(sessionID, state, m_context.Crypto);
    }

    /// <summary>None for a client with tickets, and none for what may not be resumed.</summary>
    public override byte[]? GetNewSessionID() =>
        Sessions.HasCache && _ticket is null && m_context.SecurityParameters.IsExtendedMasterSecret ? ServerSessions.NewId() : null;

    public override IDictionary<int, byte[]> GetServerExtensions()
    {
        IDictionary<int, byte[]> extensions = TlsExtensionsUtilities.EnsureExtensionsInitialised(base.GetServerExtensions());
        if (!TlsUtilities.IsTlsV13(m_context) && _ticket is not null && IsResumable12(m_selectedCipherSuite))
        {
            extensions[ExtensionType.session_ticket] = [];
        }
        return extensions;
    }

    public override void GetServerExtensionsForConnection(IDictionary<int, byte[]> serverExtensions)
    {
        base.GetServerExtensionsForConnection(serverExtensions);
        if (IsRenewing)
        {
            serverExtensions[ExtensionType.session_ticket] = [];
        }
    }

    /// <summary>TLS 1.2's; empty (RFC 5077 §3.3) when there can be none after all.</summary>
    public override NewSessionTicket GetNewSessionTicket()
    {
        SessionState state = IsRenewing ? _offered! : State12();
        (byte[] Ticket, int Lifetime)? made = Sessions.Seal(state);
        if (!IsRenewing)
        {
            state.Clear();
        }
        return made is { } sealedTicket ? new NewSessionTicket(sealedTicket.Lifetime, sealedTicket.Ticket) : new NewSessionTicket(0, []);
    }

    /// <summary>At the end of a TLS 1.3 handshake, with the transcript up to it: makes the tickets that will be sent (RFC 8446 §4.6.1).</summary>
    public void MakeTickets(HostHash? transcript)
    {
        int count = _offered is null ? Sessions.Tickets : Math.Min(1, Sessions.Tickets);
        if (count == 0 || !_takesTickets13 || transcript is null)
        {
            return;
        }
        SecurityParameters parameters = m_context.SecurityParameters;
        int hash = parameters.PrfCryptoHashAlgorithm;
        int bytes = TlsCryptoUtilities.GetHashOutputSize(hash);
        // BouncyCastle leaves the client's Finished out of the transcript, for which it has no more use.
        HostHash whole = transcript.Fork();
        whole.Update([(byte)HandshakeType.finished, 0, 0, (byte)bytes]);
        whole.Update(parameters.PeerVerifyData);
        TlsSecret resumption = TlsCryptoUtilities.HkdfExpandLabel(
            parameters.MasterSecret,
            hash,
            "res master",
            whole.CalculateHash(),
            bytes
        );
        for (byte i = 0; i < count; i++)
        {
            byte[] nonce = [i];
            byte[] key = TlsCryptoUtilities.HkdfExpandLabel(resumption, hash, "resumption", nonce, bytes).Extract();
            SessionState state = new()
            {
                IsTls13 = true,
                CipherSuite = parameters.CipherSuite,
                Group = parameters.NegotiatedGroup,
                Began = _offered?.Began ?? Sessions.Now,
                AgeAdd = BinaryPrimitives.ReadUInt32BigEndian(RandomNumberGenerator.GetBytes(sizeof(uint))),
                Secret = key,
                ServerName = _serverName,
                ApplicationProtocol = _applicationProtocol,
                PeerChain = PeerChain,
            };
            if (Sessions.Seal(state) is { } made)
            {
                events.OwedTickets.Enqueue(TicketMessages.NewSessionTicket(state, nonce, made.Ticket, made.Lifetime));
            }
            state.Clear();
        }
        resumption.Destroy();
    }

    private IReadOnlyList<byte[]> PeerChain => IsResumed ? _offered!.PeerChain : events.PeerChain;

    private SessionState Noted(SessionState opened, bool isNewest)
    {
        _isRenewalDue = !isNewest;
        return opened;
    }

    private SessionState State12() =>
        new()
        {
            IsTls13 = false,
            CipherSuite = m_context.SecurityParameters.CipherSuite,
            Group = Math.Max(events.Tls12Group, 0),
            Began = Sessions.Now,
            // A copy: BouncyCastle goes on with its own.
            Secret = m_context.Crypto.AdoptSecret(m_context.SecurityParameters.MasterSecret).Extract(),
            ServerName = _serverName,
            ApplicationProtocol = "",
            PeerChain = events.PeerChain,
        };

    /// <summary>The handshake is over: a session that came in a ticket is needed no more; one of the cache may be resumed again.</summary>
    private void DropOffered()
    {
        if (_offered is { IsTls13: true } || _ticket is { Length: > 0 })
        {
            _offered?.Clear();
        }
        _offered = null;
    }

    /// <summary>After a full TLS 1.2 handshake with a session ID.</summary>
    private void KeepSession()
    {
        byte[] id = m_context.SecurityParameters.SessionID;
        if (!IsResumed && id is { Length: > 0 } && _ticket is null && IsResumable12(m_context.SecurityParameters.CipherSuite))
        {
            _keptId = id;
            Sessions.Keep(id, State12());
        }
    }

    private void ForgetSession(short alertLevel)
    {
        if (alertLevel == AlertLevel.fatal && _keptId is { } id)
        {
            Sessions.Forget(id);
        }
    }

    // Without EMS a session can be moved to another server (RFC 7627 §1); with CBC its MAC mode (RFC 7366) would have to be kept too.
    private bool IsResumable12(int suite) => m_context.SecurityParameters.IsExtendedMasterSecret && !TlsUtilities.IsBlockCipherSuite(suite);

    private bool IsUsable(int suite) => m_offeredCipherSuites.Contains(suite) && context.Parameters.Suites.Contains(suite);

    /// <summary>Name and client identity are those of the session, and who came in then would be let in now.</summary>
    private bool MayResume(SessionState state)
    {
        if (!state.ServerName.Equals(_serverName, StringComparison.OrdinalIgnoreCase))
        {
            return false;
        }
        if (context.ClientVerifier is not { } clients)
        {
            return state.PeerChain.Count == 0;
        }
        return state.PeerChain.Count == 0 ? !clients.IsRequired : clients.Verify(state.PeerChain, out _readmitted) is null;
    }

    /// <summary>The age that the client claims (RFC 8446 §4.2.11.1). Nothing is decided by it but that a ticket is not used for longer than it was given for.</summary>
    private bool IsAgeGood(SessionState state, uint obfuscated) =>
        TimeSpan.FromMilliseconds(unchecked(obfuscated - state.AgeAdd)) <= Sessions.Lifetime;
}
