using TlsGateway.Actors.Balancing;
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
        if (_route.Target is not RouteTarget.Reject reject)
            return true;
        SessionMachine.PeerCheckBegan(ref _state);
        session.Fail(new TlsFailure(TlsFailureKind.AccessDenied, reject.Alert, $"route {_route.Name} rejects it"));
        SessionMachine.PeerCheckEnded(ref _state, SessionFacts.Of(session, failed: true));
        return false;
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
        return new UpstreamSeed(_seed, upstream, key, _stalls, _actor.Reference);
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
