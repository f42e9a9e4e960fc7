using TlsGateway.Actors.Health;

namespace TlsGateway.Actors.Balancing;

/// <summary>One upstream at one instant.</summary>
/// <param name="Name">Of it.</param>
/// <param name="Queued">Connections that wait for a place.</param>
/// <param name="Endpoints">In the order of the configuration.</param>
/// <param name="Counters">Since it exists.</param>
public sealed record UpstreamSnapshot(string Name, int Queued, IReadOnlyList<EndpointSnapshot> Endpoints, UpstreamCounters Counters)
{
    /// <summary>All that <see cref="EndpointSnapshot.State"/> can be.</summary>
    public static IReadOnlyList<string> States { get; } = ["healthy", "down", "ejected", "half_open", "drained"];

    /// <summary>Null: it has no generation yet.</summary>
    internal static UpstreamSnapshot? Of(UpstreamGroup group) =>
        group.Current is not { } current
            ? null
            : new UpstreamSnapshot(
                group.Name,
                group.Queue.Count,
                [
                    .. current.Described.Select(static one => new EndpointSnapshot(
                        one.Endpoint.ToString(),
                        one.Settings.Host,
                        one.Settings.Weight,
                        one.Settings.IsBackup,
                        StateOf(one.Endpoint),
                        one.Endpoint.Connections,
                        one.Endpoint.Failures,
                        one.Endpoint.LastCheck,
                        one.Endpoint.Order,
                        one.Endpoint.Counters
                    )),
                ],
                group.Counters
            );

    internal static string StateOf(Endpoint endpoint) =>
        endpoint.Order == EndpointOrder.Drain ? "drained"
        : endpoint.Order == EndpointOrder.Up ? "healthy"
        : endpoint.Order == EndpointOrder.Down || endpoint.IsDown ? "down"
        : endpoint.Circuit == Circuit.Open ? "ejected"
        : endpoint.Circuit == Circuit.HalfOpen ? "half_open"
        : "healthy";
}

/// <summary>One endpoint at one instant.</summary>
/// <param name="Address">With its port, or the path of a Unix socket.</param>
/// <param name="Host">The name that it was looked up by; "" where the address was written.</param>
/// <param name="Weight">Its share.</param>
/// <param name="Backup">Used only when no other can be.</param>
/// <param name="State">healthy; down by its checks; ejected since connections failed on it; half_open: tried with one connection at a time; drained by an order.</param>
/// <param name="Connections">Open, and being made.</param>
/// <param name="Failures">In a row.</param>
/// <param name="LastCheck">Null: none has ended.</param>
/// <param name="Order">What the operator wants of it.</param>
/// <param name="Counters">Since it exists.</param>
public sealed record EndpointSnapshot(
    string Address,
    string Host,
    int Weight,
    bool Backup,
    string State,
    int Connections,
    int Failures,
    EndpointCheck? LastCheck,
    EndpointOrder Order,
    EndpointCounters Counters
)
{
    /// <summary><see cref="Order"/> as a word; "" when its checks decide.</summary>
    public string OrderName => Order == EndpointOrder.None ? "" : Order.ToString().ToLowerInvariant();
}
