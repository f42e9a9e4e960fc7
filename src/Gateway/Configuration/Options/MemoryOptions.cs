using System.ComponentModel;
using TlsGateway.Gateway.Configuration.Values;

namespace TlsGateway.Gateway.Configuration.Options;

internal sealed class MemoryOptions : PositionedOptions
{
    /// <summary>Null: the system's.</summary>
    [Description("What the process may use. Left out: the limit of its control group (a container's), else the machine's memory.")]
    [Size("64MiB", "1000GiB", Wide = true)]
    public long? Limit { get; set; }

    [Description("Per cent of it at which new connections are refused.")]
    [Count(10, 100)]
    public int RefuseAt { get; set; } = 80;

    [Description("Per cent of it at which idle connections are closed too, the longest idle first, and buffers given back.")]
    [Count(10, 100)]
    public int CloseIdleAt { get; set; } = 88;
}
