namespace TlsGateway.Actors.Settings;

/// <summary>How much memory the process may take, and what is done near it.</summary>
public sealed record MemorySettings
{
    /// <summary>Bytes; 0: the limit of the process's control group, else the machine's memory.</summary>
    public long Limit { get; init; }

    /// <summary>Per cent of it at which new connections are refused.</summary>
    public int RefuseAt { get; init; } = 80;

    /// <summary>Per cent of it at which idle connections are closed, the longest idle first, and buffers given back.</summary>
    public int CloseIdleAt { get; init; } = 88;
}
