using System.ComponentModel;
using TlsGateway.Gateway.Configuration.Values;

namespace TlsGateway.Gateway.Configuration.Options;

internal sealed class EjectionOptions : PositionedOptions
{
    [Description(
        "Connections in a row that fail on an endpoint (refused, timed out, failed in its TLS handshake, reset before its first byte) before it is taken out. 0: it never is."
    )]
    [Count(0, 10_000)]
    public int Failures { get; set; } = 5;

    [Description("For how long the first time; doubled each time that follows. Then it gets one connection at a time, until one succeeds.")]
    [Duration("100ms", "1h")]
    public TimeSpan Time { get; set; } = TimeSpan.FromSeconds(10);

    [Description("The longest time.")]
    [Duration("100ms", "24h")]
    public TimeSpan MaximumTime { get; set; } = TimeSpan.FromMinutes(5);

    [Description(
        "Per cent of the endpoints that may be out of use for an endpoint to be taken out, itself included. So the only one never is."
    )]
    [Count(0, 100)]
    public int MaximumShare { get; set; } = 50;
}
