using System.ComponentModel;
using TlsGateway.Gateway.Configuration.Values;

namespace TlsGateway.Gateway.Configuration.Options;

/// <summary>Limits that connections share: of the gateway, a listener or a client network.</summary>
internal abstract class RateLimitOptions : PositionedOptions
{
    [Description("New connections per second; a second's worth may come at once. 0: any number.")]
    [Count(0, 10_000_000)]
    public int ConnectionRate { get; set; }

    [Description("Full TLS handshakes per second; a second's worth may come at once. Resumed ones do not count. 0: any number.")]
    [Count(0, 10_000_000)]
    public int HandshakeRate { get; set; }

    /// <summary>Null: none.</summary>
    [Description("Bytes per second from clients, on the wire. Left out: any number.")]
    [Size("1KiB", "1GiB")]
    public int? ReceiveRate { get; set; }

    /// <summary>Null: none.</summary>
    [Description("Bytes per second to clients, on the wire. Left out: any number.")]
    [Size("1KiB", "1GiB")]
    public int? SendRate { get; set; }
}
