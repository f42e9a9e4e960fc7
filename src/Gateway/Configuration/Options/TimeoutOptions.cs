using System.ComponentModel;
using TlsGateway.Gateway.Configuration.Values;

namespace TlsGateway.Gateway.Configuration.Options;

internal sealed class TimeoutOptions : PositionedOptions
{
    [Description("From accept to the end of the handshake, the whole of it.")]
    [Duration("100ms", "10m")]
    public TimeSpan Handshake { get; set; } = TimeSpan.FromSeconds(10);

    [Description("An open connection on which no byte moved in either direction for this long is closed.")]
    [Duration("1s", "24h")]
    public TimeSpan Idle { get; set; } = TimeSpan.FromMinutes(5);

    [Description("The same, once one side has ended and the other goes on.")]
    [Duration("1s", "24h")]
    public TimeSpan HalfClosed { get; set; } = TimeSpan.FromMinutes(1);

    [Description(
        "An open connection is closed after this time, or up to a tenth of it earlier by chance, so that clients do not come back all at once. 0s: never."
    )]
    [Duration("0s", "8760h")]
    public TimeSpan Lifetime { get; set; }

    [Description("How long a closing connection may take to deliver what is owed and see the peer close.")]
    [Duration("100ms", "10m")]
    public TimeSpan Shutdown { get; set; } = TimeSpan.FromSeconds(5);
}
