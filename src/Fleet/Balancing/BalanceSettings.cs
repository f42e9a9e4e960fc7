using TlsGateway.Fleet.Settings;

namespace TlsGateway.Fleet.Balancing;

/// <summary>How members even out what they have to do.</summary>
/// <param name="Relay">Where others hand over connections to this member.</param>
/// <param name="Ratio">A member whose weight exceeds so many times the average hands over new connections, above 1.</param>
/// <param name="Minimum">Below this weight it serves all itself (<see cref="MemberWeight"/>).</param>
public sealed record RelayingSettings(FleetAddress Relay, double Ratio, double Minimum);

/// <summary>A member with more connections than others closes some that are idle, or old: their clients come again, perhaps to another.</summary>
/// <param name="Ratio">With so many times the average, above 1.</param>
/// <param name="Share">Of what it has above the average, each time; 0 to 1.</param>
/// <param name="Every">Time between two times, about.</param>
/// <param name="Idle">Of those on which nothing has happened for so long.</param>
/// <param name="Old">And of those that have been open for so long, whatever they do; null: not those.</param>
public sealed record RebalanceSettings(double Ratio, double Share, TimeSpan Every, TimeSpan Idle, TimeSpan? Old);
