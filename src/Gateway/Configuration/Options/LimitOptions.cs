using System.ComponentModel;
using TlsGateway.Gateway.Configuration.Values;

namespace TlsGateway.Gateway.Configuration.Options;

internal sealed class LimitOptions : RateLimitOptions
{
    [Description("Connections open at once on this listener; one more is refused.")]
    [Count(1, 10_000_000)]
    public int Connections { get; set; } = 10_000;

    [Description("For each client network by itself.")]
    public ClientLimitOptions PerClient { get; set; } = new();

    [Description(
        "Bytes per second, both directions together, that a client must move while it keeps the rest of a record, or what it has asked for, waiting; over one minute. 0: any number."
    )]
    [Count(0, 1_000_000)]
    public int MinimumRate { get; set; } = 64;

    [Description("New handshakes are refused while the event loop is this far behind. 0s: never.")]
    [Duration("0s", "1m")]
    public TimeSpan LoopDelay { get; set; } = TimeSpan.FromSeconds(2);

    [Description("Application data on its way from one side to the other, in each direction of a connection.")]
    [Size("16KiB", "16MiB")]
    public int Credit { get; set; } = 256 * 1024;

    [Description("Bytes that a client may send in one handshake.")]
    [Size("16KiB", "1MiB")]
    public int HandshakeBytes { get; set; } = 128 * 1024;

    [Description("TLS 1.3 KeyUpdates that a client may send over the life of a connection, beyond one for each 1,024 records.")]
    [Count(0, 1_000_000)]
    public int KeyUpdates { get; set; } = 64;

    [Description("Records in a row without application data.")]
    [Count(1, 65_536)]
    public int RecordsWithoutData { get; set; } = 32;

    [Description("Warning alerts over the life of a connection.")]
    [Count(0, 65_536)]
    public int Warnings { get; set; } = 8;

    [Description(
        "Renegotiations that a client may begin over the life of a TLS 1.2 connection, where allowClientRenegotiation is on; where it is off, how often it may try."
    )]
    [Count(0, 1_000_000)]
    public int ClientRehandshakes { get; set; } = 3;

    [Description("Renegotiations over the life of a TLS 1.2 connection, whoever began them.")]
    [Count(0, 1_000_000)]
    public int Rehandshakes { get; set; } = 1024;

    /// <summary>RFC 8446 §5.5: AES-GCM is safe up to 2^24.5 full records under one key, which is 23,726,566.</summary>
    [Description("Records sent under one key before it is renewed. RFC 8446 allows 2^24.5 with AES-GCM.")]
    [Count(16, 23_726_566)]
    public int RecordsPerKey { get; set; } = 1 << 24;
}
