using TlsGateway.Actors.Settings;

namespace TlsGateway.Actors.Routing;

/// <summary>
/// A listener's routes, the first that fits wins. The last one takes all, so there is always one. Pure: a request's answer depends on nothing else. Immutable; any
/// thread.
/// </summary>
public sealed class RouteTable
{
    /// <summary>Of the route that a listener's own upstream makes.</summary>
    public const string DefaultName = "default";

    private readonly RouteSettings[] _routes;

    /// <param name="routes">In order.</param>
    /// <param name="upstream">Whereto connections go that none of them takes; may be left out when the last takes all.</param>
    /// <exception cref="ArgumentException">
    /// No route takes all, or one that passes TLS through asks for a client's certificate, or stands below one that does (TLS is terminated to know it).
    /// </exception>
    public RouteTable(IEnumerable<RouteSettings> routes, UpstreamSettings? upstream)
    {
        _routes = upstream is null
            ? [.. routes]
            : [.. routes, new RouteSettings { Name = DefaultName, Target = new RouteTarget.Relay(upstream) }];
        if (_routes is not [.., { TakesAll: true }])
            throw new ArgumentException("the last route has to take all", nameof(routes));
        var firstClient = Array.FindIndex(_routes, static r => r.Client is not null);
        if (firstClient >= 0 && Array.FindLastIndex(_routes, static r => r.Target is RouteTarget.Passthrough) >= firstClient)
            throw new ArgumentException(
                "a route that passes TLS through stands at or below one that asks for a certificate",
                nameof(routes)
            );
        UsesJa4 = Array.Exists(_routes, static r => r.Ja4 is not null);
        PassesThrough = Array.Exists(_routes, static r => r.Target is RouteTarget.Passthrough);
    }

    /// <summary>The whole of them, the default included.</summary>
    public IReadOnlyList<RouteSettings> Routes => _routes;

    /// <summary>Some route asks for a fingerprint, which costs two digests.</summary>
    public bool UsesJa4 { get; }

    /// <summary>Some route passes TLS through.</summary>
    public bool PassesThrough { get; }

    /// <summary>
    /// The first route that fits. Before the handshake it may be one that asks for the client's certificate: then TLS is terminated, and the route is chosen again when the
    /// certificate is known.
    /// </summary>
    public RouteSettings Choose(in RouteRequest request)
    {
        foreach (var route in _routes)
        {
            if (WhyNot(route, request) == RouteMismatch.None)
                return route;
        }

        throw new InvalidOperationException("the last route takes all");
    }

    /// <summary>What keeps a request from a route: the first of its conditions that does not fit.</summary>
    public static RouteMismatch WhyNot(RouteSettings route, in RouteRequest request)
    {
        if (route.Ports is { } ports && !ports.Contains(request.LocalPort))
            return RouteMismatch.Port;
        if (route.From is { } from && !from.Contains(request.Client))
            return RouteMismatch.From;
        if (route.Names is { } names && !names.Match(request.ServerName))
            return RouteMismatch.Name;
        if (route.ApplicationProtocols is { } protocols && !OffersOne(request.ApplicationProtocols, protocols))
            return RouteMismatch.ApplicationProtocol;
        if (route.Ja4 is { } fingerprints && !fingerprints.Contains(request.Ja4))
            return RouteMismatch.Ja4;
        if (request.AfterHandshake && route.Client is { } client && (request.Certificate is not { } certificate || !client(certificate)))
            return RouteMismatch.Client;
        return RouteMismatch.None;
    }

    private static bool OffersOne(IReadOnlyList<string> offered, IReadOnlySet<string> wanted)
    {
        foreach (var protocol in offered)
        {
            if (wanted.Contains(protocol))
                return true;
        }

        return false;
    }
}
