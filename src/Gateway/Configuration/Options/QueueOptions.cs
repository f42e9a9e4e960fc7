using System.ComponentModel;
using TlsGateway.Gateway.Configuration.Values;

namespace TlsGateway.Gateway.Configuration.Options;

internal sealed class QueueOptions : PositionedOptions
{
    [Description("Connections that wait at most. 0: none waits.")]
    [Count(0, 1_000_000)]
    public int Size { get; set; } = 1000;

    [Description("How long one waits at most.")]
    [Duration("10ms", "10m")]
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(5);
}
