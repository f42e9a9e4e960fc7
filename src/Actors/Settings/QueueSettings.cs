namespace TlsGateway.Actors.Settings;

/// <summary>Where connections wait while every endpoint has as many as it may have.</summary>
public sealed record QueueSettings
{
    /// <summary>Connections that wait at most, all loops together; 0: none waits, it fails at once.</summary>
    public int Size { get; init; } = 1000;

    /// <summary>One waits so long at most.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(5);
}
