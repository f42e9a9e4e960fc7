using TlsGateway.Actors.Balancing;
using TlsGateway.Actors.Inspection;
using TlsGateway.Actors.ProxyProtocol;
using TlsGateway.Actors.Routing;
using TlsGateway.Actors.Sessions;
using TlsGateway.Actors.Settings;
using TlsGateway.Tls;
using TlsGateway.Tls.ClientCertificates;
using TlsGateway.Tls.Hello;

namespace TlsGateway.Actors.Connections;

// Where the connection goes: decided once by the ClientHello, and again after the handshake where a client's certificate decides.
internal sealed partial class TlsConnection
{
    private bool IsPassedThrough => _route?.Target is RouteTarget.Passthrough;

    /// <summary>Takes the first route that fits the hello. One that rejects becomes the refusal.</summary>
    private void ChooseRoute(ClientHello hello)
    {
        _route = _seed.Generation.Routes.Choose(RequestOf(hello));
        _routedAt = _loop.Now;
        if (_route.Target is RouteTarget.Reject reject && _route.Client is null)
            _refusal = new TlsFailure(TlsFailureKind.AccessDenied, reject.Alert, $"route {_route.Name} rejects it");
        else if (_session is PassthroughSession received && !IsPassedThrough)
            Terminate(received);
    }

    /// <summary>TLS is ours after all: the engine gets what was received so far.</summary>
    private void Terminate(PassthroughSession received)
    {
        var session = _seed.Generation.Context.CreateSession(_seed.Loop.Buffers);
        _session = session;
        received.Received.CopyTo(session.RxFree);
        session.RxCommit(received.RxBuffered);
        received.Dispose();
    }

    /// <summary>Chooses again where the route asks for a certificate. False: the connection is refused, and the session has been told.</summary>
    private bool ChooseRouteByCertificate(ITlsSession session)
    {
        if (_route!.Client is null)
            return true;
        _route = _seed.Generation.Routes.Choose(RequestOf(_hello!) with { AfterHandshake = true, Certificate = session.PeerCertificate });
        _routedAt = _loop.Now;
        if (_route.Target is not RouteTarget.Reject reject)
            return true;
        SessionMachine.PeerCheckBegan(ref _state);
        session.Fail(new TlsFailure(TlsFailureKind.AccessDenied, reject.Alert, $"route {_route.Name} rejects it"));
        SessionMachine.PeerCheckEnded(ref _state, SessionFacts.Of(session, failed: true));
        return false;
    }

    /// <summary>Whether the connection to the upstream can be begun before the handshake is over: it may, and needs nothing of it.</summary>
    private bool PreConnects =>
        _route is { Client: null, Target: RouteTarget.Relay { Upstream: { PreConnect: true } upstream } }
        && upstream.ProxyProtocol != ProxyProtocolVersion.V2
        && upstream.Tls is not { CopiesApplicationProtocol: true };

    /// <summary>Nothing of the upstream's can be had: the client is told as the upstream's settings say. What fails later ends as it can, without close_notify.</summary>
    private void OnUpstreamFailed(CloseReason reason)
    {
        const int InternalError = 80;
        var action =
            reason is CloseReason.UpstreamReset or CloseReason.UpstreamTruncated
            || _state.Phase is not (SessionPhase.Open or SessionPhase.Draining)
                ? UpstreamFailureAction.Close
                : _upstreamSeed!.Upstream.Settings.OnFailure;
        switch (action)
        {
            case UpstreamFailureAction.Reset:
                _socket.ResetOnClose();
                SessionMachine.Abandoned(ref _state, reason);
                break;
            case UpstreamFailureAction.Alert when !IsPassedThrough:
                _session!.Fail(new TlsFailure(TlsFailureKind.Internal, InternalError, "no endpoint of the upstream can be had"));
                SessionMachine.UpstreamFailed(ref _state, reason, SessionFacts.Of(_session, failed: false));
                break;
            default:
                SessionMachine.UpstreamFailed(ref _state, reason);
                break;
        }
    }

    private UpstreamSeed SeedOfUpstream()
    {
        var upstream = _seed.Generation.UpstreamOf(_route!.Target);
        var key = upstream.Settings.Balance switch
        {
            BalanceAlgorithm.HashClient => StableHash.Of(_seed.Peer),
            BalanceAlgorithm.HashServerName => StableHash.Of(_hello!.ServerName),
            _ => 0UL,
        };
        var header = upstream.Settings.ProxyProtocol == ProxyProtocolVersion.None ? null : HeaderForUpstream();
        var wishes = upstream.Tls is null
            ? default
            : new ClientWishes(_hello?.ServerName ?? "", _session!.DescribeSession().ApplicationProtocol);
        return _upstreamSeed = new UpstreamSeed(_seed, upstream, key, header, wishes, _stalls, _actor.Reference);
    }

    /// <summary>Takes the PROXY header that comes before all else. False: it is not whole, or broken.</summary>
    private bool TakeProxyHeader(PassthroughSession received)
    {
        switch (ProxyHeaderReader.Read(received.Received, out var header, out var length, out var problem))
        {
            case ProxyHeaderStatus.NeedMore:
                return false;
            case ProxyHeaderStatus.Malformed:
                _refusal = new TlsFailure(TlsFailureKind.ProtocolViolation, -1, $"the PROXY header is malformed: {problem}");
                SessionMachine.HelloRefused(ref _state, CloseReason.BadProxyHeader);
                return false;
            default:
                Span<byte> dropped = stackalloc byte[length];
                _ = received.Read(dropped, out _);
                _proxyHeaderDue = false;
                _proxyHeader = header;
                return !IsDenied(header!) && received.RxBuffered > 0;
        }
    }

    /// <summary>Takes the client's address from the header, and looks whether it may connect. True: it is refused.</summary>
    private bool IsDenied(ProxyHeader header)
    {
        if (header.Source is not { } client)
            return false;
        _seed = _seed with { Peer = client };
        if (_seed.Limits?.EnterClient(client, _loop.Now) is { } reason and not CloseReason.None)
        {
            _seed.Counters.CountRefused(reason);
            SessionMachine.HelloRefused(ref _state, reason);
            return true;
        }

        if (_seed.Generation.Settings.Access?.Admits(client) != false)
            return false;
        _refusal = new TlsFailure(TlsFailureKind.AccessDenied, -1, "the access list does not let its address in");
        SessionMachine.HelloRefused(ref _state, CloseReason.AddressDenied);
        return true;
    }

    /// <summary>Who the client is, for an upstream that would else see only the gateway.</summary>
    private ProxyHeader HeaderForUpstream()
    {
        var session = _session is PassthroughSession ? null : _session!.DescribeSession();
        return new ProxyHeader
        {
            Source = _seed.Peer,
            Destination = _proxyHeader?.Destination ?? _seed.Relayed?.Destination ?? _socket.LocalEndPoint(),
            ApplicationProtocol = session?.ApplicationProtocol ?? "",
            Authority = _hello?.ServerName ?? "",
            UniqueId = _proxyHeader?.UniqueId is { Length: > 0 } given
                ? given
                : $"{_seed.Loop.Process}-{new ConnectionId(_loop.Index, Number)}",
            Tls = session is null
                ? null
                : new ProxyTls(
                    session.Version,
                    session.CipherSuite,
                    _peer is not null,
                    _peer is { CommonNames: [var commonName, ..] } ? commonName : ""
                )
                {
                    CertificateSignature = session.CertificateSignature,
                    CertificateKey = session.CertificateKey,
                },
        };
    }

    private RouteRequest RequestOf(ClientHello hello) =>
        new(
            hello.ServerName,
            hello.ApplicationProtocols,
            _seed.Peer,
            _seed.LocalPort,
            _seed.Generation.Routes.UsesJa4 ? ClientFingerprint.Ja4(hello) : ""
        );
}
