using TlsGateway.Actors.Settings;
using TlsGateway.Transport;

namespace TlsGateway.Actors.Limits;

/// <summary>One level's limits, the whole gateway's or a listener's: for all its connections, and for each client network of them. Any thread.</summary>
internal sealed class LimitState
{
    private volatile bool _limitsAll;
    private volatile bool _limitsClients;

    public LimitScope All { get; } = new();

    public ClientTable Clients { get; } = new();

    /// <summary>Over a whole fleet; null for a listener.</summary>
    public FleetClients? Fleet { get; init; }

    /// <summary>A reload's; what was taken so far stays.</summary>
    public void Use(LimitSettings all, ClientLimitSettings clients)
    {
        All.Use(all);
        Clients.Settings = clients;
        (_limitsAll, _limitsClients) = (all.IsAny, clients.Limits.IsAny);
    }

    public bool LimitsAll => _limitsAll;

    public bool LimitsClients => _limitsClients;

    public bool LimitsFleetClients => Fleet is { IsOn: true };
}
