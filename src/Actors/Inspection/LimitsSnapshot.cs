using TlsGateway.Actors.Settings;

namespace TlsGateway.Actors.Inspection;

/// <summary>What bounds connections, and how much of it is used.</summary>
/// <param name="All">Of all listeners together.</param>
/// <param name="Fleet">Of each client network over the whole fleet; null: none.</param>
/// <param name="Listeners">Of each listener of the present generation.</param>
/// <param name="Connections">Open, of all listeners.</param>
/// <param name="Descriptors">Client connections that there are file descriptors for.</param>
/// <param name="MemoryUsed">Bytes that count against the limit.</param>
/// <param name="MemoryLimit">Bytes.</param>
/// <param name="Memory">normal, refusing (new connections), or closing_idle.</param>
public sealed record LimitsSnapshot(
    ScopeLimits All,
    FleetClientsSnapshot? Fleet,
    IReadOnlyList<ListenerLimits> Listeners,
    long Connections,
    long Descriptors,
    long MemoryUsed,
    long MemoryLimit,
    string Memory
);

/// <summary>The limits of one scope.</summary>
/// <param name="Limits">Of all its connections.</param>
/// <param name="Clients">Of each client network of them.</param>
public sealed record ScopeLimits(LimitSettings Limits, ClientLimitSettings Clients);

/// <summary>The limits of one listener.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Connections">Open.</param>
/// <param name="MaxConnections">That it may have open.</param>
/// <param name="Scope">Its other limits.</param>
/// <param name="Refused">Connections refused so far, by reason.</param>
public sealed record ListenerLimits(
    string Name,
    long Connections,
    int MaxConnections,
    ScopeLimits Scope,
    IReadOnlyDictionary<string, long> Refused
);
