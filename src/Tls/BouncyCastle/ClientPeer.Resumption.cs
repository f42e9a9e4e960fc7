using System.Security.Cryptography;
using Org.BouncyCastle.Tls;

namespace TlsGateway.Tls.BouncyCastle;

// TLS 1.2 sessions. BouncyCastle's client offers external pre-shared keys only, so tickets of TLS 1.3 are not taken.
internal sealed partial class ClientPeer
{
    private const int IdBytes = 32;

    private readonly ClientSessions? _sessions = context.ClientSessions.For(target);
    private ClientSession? _offered;
    private NewSessionTicket? _newTicket;

    private bool OffersTls12 => context.Parameters.Versions.Contains(ProtocolVersion.TLSv12);

    public override TlsSession? GetSessionToResume()
    {
        _offered = _sessions?.Newest;
        if (_offered is null || !context.Parameters.Suites.Contains(_offered.State.CipherSuite))
        {
            _offered = null;
            return null;
        }
        // With a ticket the ID is ours to choose; the server gives it back when it takes the ticket (RFC 5077 §3.4).
        byte[] id = _offered.Ticket is null ? _offered.Id : RandomNumberGenerator.GetBytes(IdBytes);
        return new ResumableSession(id, _offered.State, m_context.Crypto);
    }

    public override IDictionary<int, byte[]> GetClientExtensions()
    {
        IDictionary<int, byte[]> extensions = TlsExtensionsUtilities.EnsureExtensionsInitialised(base.GetClientExtensions());
        if (OffersTls12)
        {
            extensions[ExtensionType.session_ticket] = _offered?.Ticket ?? [];
        }
        return extensions;
    }

    public override void NotifyNewSessionTicket(NewSessionTicket newSessionTicket) => _newTicket = newSessionTicket;

    /// <summary>Keeps what the server gave: a new session, or a new ticket for the one that was resumed.</summary>
    private void KeepSession()
    {
        SecurityParameters parameters = m_context.SecurityParameters;
        byte[]? ticket = _newTicket is { Ticket.Length: > 0 } given ? given.Ticket : null;
        bool isResumed = parameters.IsResumedSession;
        if (isResumed && ticket is null)
        {
            return;
        }
        if (ticket is null && parameters.SessionID is not { Length: > 0 })
        {
            return;
        }
        if (!parameters.IsExtendedMasterSecret || TlsUtilities.IsBlockCipherSuite(parameters.CipherSuite))
        {
            return;
        }
        TimeSpan lifetime =
            ticket is not null && _newTicket!.TicketLifetimeHint is > 0 and var hint
                ? TimeSpan.FromSeconds(hint)
                : ClientSessions.MaxLifetime;
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        SessionState state = isResumed
            ? _offered!.State
            : new SessionState
            {
                IsTls13 = false,
                CipherSuite = parameters.CipherSuite,
                Group = 0,
                Began = now,
                Secret = m_context.Crypto.AdoptSecret(parameters.MasterSecret).Extract(),
                ServerName = target.ServerName ?? "",
                ApplicationProtocol = "",
                PeerChain = events.PeerChain,
            };
        DateTimeOffset ends = now + (lifetime < ClientSessions.MaxLifetime ? lifetime : ClientSessions.MaxLifetime);
        _sessions?.Keep(new ClientSession(state, parameters.SessionID ?? [], ticket, ends));
    }

    private void ForgetSession(short alertLevel)
    {
        if (alertLevel == AlertLevel.fatal && _offered is { } offered)
        {
            _sessions?.Forget(offered);
        }
    }
}
