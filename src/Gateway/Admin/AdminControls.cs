using TlsGateway.Fleet.Membership;
using TlsGateway.Gateway.Configuration;
using TlsGateway.Gateway.Logging;
using TlsGateway.Gateway.Telemetry;

namespace TlsGateway.Gateway.Admin;

/// <summary>What the admin endpoint can ask of the process around the data path. Any thread.</summary>
internal sealed class AdminControls
{
    public required LogLevelSwitch Level { get; init; }

    /// <summary>Reads the configuration again. True: it is served now; false: it was refused, and the log says why.</summary>
    public required Func<Task<bool>> ReloadAsync { get; init; }

    /// <summary>What is served.</summary>
    public required Func<GatewayConfiguration> Configuration { get; init; }

    public required Func<IReadOnlyList<ServedCertificate>> Certificates { get; init; }

    /// <summary>Reloads that were done, and those that were refused.</summary>
    public required Func<(long Done, long Refused)> Reloads { get; init; }

    /// <summary>The fleet as it is seen from here.</summary>
    public required Func<FleetSnapshot> Fleet { get; init; }

    /// <summary>Since when tickets are sealed with the newest key.</summary>
    public required Func<DateTimeOffset> TicketKeySince { get; init; }
}
