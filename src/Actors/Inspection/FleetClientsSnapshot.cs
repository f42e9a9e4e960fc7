using TlsGateway.Actors.Settings;

namespace TlsGateway.Actors.Inspection;

/// <summary>How limits of client networks over a whole fleet stand at one member.</summary>
/// <param name="Clients">The limits, of each network.</param>
/// <param name="Told">Networks that this member told the others of last.</param>
/// <param name="LeftOut">That it did not tell of, because there were heavier ones.</param>
/// <param name="Elsewhere">Networks that others have told of.</param>
/// <param name="ConnectionsElsewhere">That those have open at other members.</param>
public sealed record FleetClientsSnapshot(ClientLimitSettings Clients, int Told, int LeftOut, int Elsewhere, long ConnectionsElsewhere);
