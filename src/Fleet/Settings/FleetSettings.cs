using System.Net;
using Akka.Actor.Setup;
using Akka.Configuration;
using Microsoft.Extensions.Logging;
using TlsGateway.Fleet.Balancing;

namespace TlsGateway.Fleet.Settings;

/// <summary>How this process is one of a fleet.</summary>
public sealed record FleetSettings
{
    /// <summary>Where members connect.</summary>
    public required IPEndPoint Bind { get; init; }

    /// <summary>The name or IP address by which other members reach this one, with its port; for a member this is its identity.</summary>
    public required FleetAddress Advertised { get; init; }

    /// <summary>Members with stable addresses: the first one begins a fleet when none of them answers. Empty: <see cref="Discovery"/>.</summary>
    public IReadOnlyList<FleetAddress> Seeds { get; init; } = [];

    /// <summary>How members find each other without stable addresses; null: <see cref="Seeds"/>.</summary>
    public FleetDiscovery? Discovery { get; init; }

    /// <summary>Null: plain, which is for loopback only.</summary>
    public FleetTls? Tls { get; init; }

    public SplitBrain SplitBrain { get; init; } = SplitBrain.KeepMajority;

    /// <summary>For <see cref="SplitBrain.StaticQuorum"/>: members that a part must have to go on.</summary>
    public int QuorumSize { get; init; }

    /// <summary>How long membership must have been the same before a split is decided on.</summary>
    public TimeSpan StableAfter { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Members share the keys of session tickets.</summary>
    public bool SharesTicketKeys { get; init; } = true;

    /// <summary>Members hand new connections to lighter ones; null: they do not.</summary>
    public RelayingSettings? Relaying { get; init; }

    /// <summary>Members with too many connections close some; null: they do not.</summary>
    public RebalanceSettings? Rebalance { get; init; }

    /// <summary>Keys are made and shared: those of tickets, or those by which connections are relayed, or both.</summary>
    internal bool SharesKeys => SharesTicketKeys || Relaying is not null;

    /// <summary>One member does health checks and fetches OCSP responses for all.</summary>
    public bool SharesChecks { get; init; } = true;

    /// <summary>Time between new ticket keys.</summary>
    public TimeSpan RotateEvery { get; init; } = TimeSpan.FromHours(12);

    /// <summary>Old ticket keys that still open tickets.</summary>
    public int KeepKeys { get; init; } = 1;
}

/// <summary>Where a member is reached.</summary>
/// <param name="Host">A name or an IP address, without brackets.</param>
/// <param name="Port">From 1; 0 in tests: the one that was bound.</param>
public readonly record struct FleetAddress(string Host, int Port)
{
    public override string ToString() => Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]:{Port}" : $"{Host}:{Port}";
}

/// <summary>What goes on when members no longer reach each other (Akka's split brain resolver).</summary>
public enum SplitBrain
{
    /// <summary>The larger part.</summary>
    KeepMajority,

    /// <summary>The part with the oldest member.</summary>
    KeepOldest,

    /// <summary>A part with a fixed number of members.</summary>
    StaticQuorum,

    /// <summary>The part that gets a lease, the larger one first.</summary>
    LeaseMajority,

    /// <summary>None: all begin anew.</summary>
    DownAll,
}

/// <summary>Members found by Akka.Discovery; the first formation is guarded by a lease of Akka.Coordination.</summary>
/// <param name="Hocon">Configures the discovery method and the lease.</param>
/// <param name="Defaults">What stands behind it.</param>
/// <param name="Plugin">What the plugins get of the process.</param>
/// <param name="Method">The discovery method's name in it.</param>
/// <param name="Service">What is looked up.</param>
/// <param name="LeasePath">The lease implementation's path in it.</param>
/// <param name="LeaseName">The lease.</param>
/// <param name="ContactPoints">So many members must answer before a fleet is begun, this one included.</param>
public sealed record FleetDiscovery(
    string Hocon,
    Config Defaults,
    Func<ILoggerFactory, TimeProvider, Setup> Plugin,
    string Method,
    string Service,
    string LeasePath,
    string LeaseName,
    int ContactPoints
);
