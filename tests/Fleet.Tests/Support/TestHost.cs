using TlsGateway.Actors.Limits;
using TlsGateway.Fleet.Protocol;
using TlsGateway.Fleet.TicketKeys;

namespace TlsGateway.Fleet.Tests.Support;

/// <summary>A gateway without connections.</summary>
internal sealed class TestHost(string name) : IFleetHost
{
    private volatile FleetKeySet? _keys;

    public long Connections { get; set; }

    public bool IsDraining { get; set; }

    /// <summary>Takes keys, and does not say so.</summary>
    public bool IsSilent { get; set; }

    public FleetKeySet? Keys => _keys;

    public FleetKey? InheritedKey => _keys?.Sealing;

    public long KeysVersion => IsSilent ? 0 : _keys?.Version ?? 0;

    public TestClients Clients { get; } = new();

    IFleetClients IFleetHost.Clients => Clients;

    public LocalLoad ReadLoad() => new(Connections, 0, TimeSpan.Zero, IsDraining, default);

    public LocalDetails ReadDetails() =>
        new()
        {
            Name = name,
            Version = "1",
            Phase = "ready",
            ConfigurationDigest = "same",
        };

    public long Room { get; set; } = long.MaxValue;

    public void CloseRelayed(string origin) => ClosedRelayed.Enqueue(origin);

    public void CloseIdleRelayed(string origin, int count, TimeSpan idle) => ClosedIdle.Enqueue((origin, count, idle));

    public void Retire(int count, TimeSpan idle, TimeSpan? old) => Retired.Enqueue(count);

    /// <summary>Members whose relays were to be closed.</summary>
    public System.Collections.Concurrent.ConcurrentQueue<string> ClosedRelayed { get; } = new();

    /// <summary>Members of whose relays some were to be closed.</summary>
    public System.Collections.Concurrent.ConcurrentQueue<(string Origin, int Count, TimeSpan Idle)> ClosedIdle { get; } = new();

    /// <summary>How many connections were to be closed, each time.</summary>
    public System.Collections.Concurrent.ConcurrentQueue<int> Retired { get; } = new();

    public void UseKeys(FleetKeySet keys) => _keys = keys;
}
