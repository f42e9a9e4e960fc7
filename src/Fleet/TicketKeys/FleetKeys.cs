using Akka.Cluster;
using Akka.DistributedData;

namespace TlsGateway.Fleet.TicketKeys;

/// <summary>Where the fleet's ticket keys are among its shared data.</summary>
internal static class FleetKeys
{
    public static LWWRegisterKey<FleetKeySet> Key { get; } = new("ticket-keys");

    /// <summary>The set with the higher version wins, whoever wrote it and whenever.</summary>
    private static readonly Clock<FleetKeySet> ByVersion = static (_, set) => set.Version;

    /// <summary>Puts <paramref name="set"/> in the place of an older one.</summary>
    public static Update Write(UniqueAddress self, FleetKeySet set, IWriteConsistency consistency) =>
        Dsl.Update(
            Key,
            new LWWRegister<FleetKeySet>(self, set, ByVersion),
            consistency,
            old => old.Value.Version >= set.Version ? old : old.WithValue(self, set, ByVersion)
        );
}
