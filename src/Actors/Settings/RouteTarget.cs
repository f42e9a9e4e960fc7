namespace TlsGateway.Actors.Settings;

/// <summary>What a route does with a connection.</summary>
public abstract record RouteTarget
{
    private RouteTarget() { }

    /// <summary>The upstream, of the two kinds that have one.</summary>
    public virtual UpstreamSettings? Upstream => null;

    /// <summary>Terminates TLS and relays plaintext.</summary>
    public sealed record Relay(UpstreamSettings To) : RouteTarget
    {
        public override UpstreamSettings Upstream => To;
    }

    /// <summary>Leaves TLS to the upstream: bytes pass as they are, the ClientHello included.</summary>
    public sealed record Passthrough(UpstreamSettings To) : RouteTarget
    {
        public override UpstreamSettings Upstream => To;
    }

    /// <summary>Ends the connection with an alert (AlertDescription, RFC 8446 §6).</summary>
    public sealed record Reject(byte Alert) : RouteTarget;
}
