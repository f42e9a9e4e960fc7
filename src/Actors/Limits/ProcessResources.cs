namespace TlsGateway.Actors.Limits;

/// <summary>How near the process is to what the system gives it. Written by the <see cref="MemoryGuard"/>, read at each accept. Any thread.</summary>
internal sealed class ProcessResources
{
    private volatile MemoryLevel _memory;
    private long _connections;

    public MemoryLevel Memory
    {
        get => _memory;
        set => _memory = value;
    }

    /// <summary>Bytes that may be used, and that were at the last look.</summary>
    public long MemoryLimit { get; set; }

    public long MemoryUsed { get; set; }

    /// <summary>Client connections that there are descriptors for.</summary>
    public long MaxConnections { get; init; } = long.MaxValue;

    /// <summary>Of all listeners.</summary>
    public long Connections => Volatile.Read(ref _connections);

    public void Opened() => Interlocked.Increment(ref _connections);

    public void Ended() => Interlocked.Decrement(ref _connections);
}

/// <summary>What is done about memory.</summary>
internal enum MemoryLevel
{
    /// <summary>Nothing.</summary>
    Normal,

    /// <summary>New connections are refused.</summary>
    Refusing,

    /// <summary>Idle connections are closed as well, and buffers given back.</summary>
    ClosingIdle,
}
