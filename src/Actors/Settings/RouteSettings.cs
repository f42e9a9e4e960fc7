using TlsGateway.Actors.Routing;
using TlsGateway.Tls.ClientCertificates;

namespace TlsGateway.Actors.Settings;

/// <summary>One entry of a listener's routes: taken by the first connection that all its conditions fit. A condition that is null fits all.</summary>
public sealed record RouteSettings
{
    /// <summary>The operator's name for it; unique in its listener.</summary>
    public required string Name { get; init; }

    public required RouteTarget Target { get; init; }

    /// <summary>The client asked for one of these names (SNI).</summary>
    public NamePatterns? Names { get; init; }

    /// <summary>The client offers one of these (ALPN), whatever is negotiated later.</summary>
    public IReadOnlySet<string>? ApplicationProtocols { get; init; }

    /// <summary>The client's address is in one of these.</summary>
    public PrefixTable? From { get; init; }

    /// <summary>The ClientHello has one of these JA4 fingerprints.</summary>
    public IReadOnlySet<string>? Ja4 { get; init; }

    /// <summary>The connection came to one of these local ports.</summary>
    public IReadOnlySet<int>? Ports { get; init; }

    /// <summary>
    /// The client showed a certificate, and this says yes to it. Known only after the handshake, so a route that has it cannot pass TLS through.
    /// </summary>
    public Func<TlsPeerCertificate, bool>? Client { get; init; }

    /// <summary>It takes every connection that comes to it.</summary>
    public bool TakesAll => Names is null && ApplicationProtocols is null && From is null && Ja4 is null && Ports is null && Client is null;
}
