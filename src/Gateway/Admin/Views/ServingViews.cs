using TlsGateway.Actors;
using TlsGateway.Actors.Balancing;
using TlsGateway.Actors.Health;
using TlsGateway.Actors.Inspection;
using TlsGateway.Actors.Metrics;
using TlsGateway.Actors.Settings;
using TlsGateway.Actors.Usage;
using TlsGateway.Gateway.Telemetry;
using TlsGateway.Tls;

namespace TlsGateway.Gateway.Admin.Views;

/// <summary>What is listened on.</summary>
internal sealed record ListenersView(IReadOnlyList<ListenerView> Listeners)
{
    public static ListenersView Of(GatewayHost host)
    {
        var settings = host.ListenerSettings;
        return new([
            .. host.Listeners.Select(bound => ListenerView.Of(bound, host.Metrics, settings.FirstOrDefault(one => one.Name == bound.Name))),
        ]);
    }
}

/// <summary>A listener.</summary>
/// <param name="Connections">Open.</param>
/// <param name="Limit">Connections that it may have open.</param>
/// <param name="Stalled">Connections stalled now.</param>
/// <param name="Refused">So far, by reason.</param>
/// <param name="Upstream">Whereto connections go that no route takes.</param>
internal sealed record ListenerView(
    string Name,
    string Address,
    string Engine,
    long Connections,
    int? Limit,
    long Accepted,
    long Stalled,
    IReadOnlyDictionary<string, long> Refused,
    IReadOnlyList<RouteView>? Routes,
    string? Upstream
)
{
    public static ListenerView Of(BoundListener bound, GatewayMetrics metrics, ListenerSettings? settings)
    {
        var counters = metrics.Counters.Where(counts => counts.Listener == bound.Name).ToList();
        return new ListenerView(
            bound.Name,
            bound.EndPoint.ToString(),
            (settings?.Engine ?? TlsEngine.OpenSsl).ToString().ToLowerInvariant(),
            counters.Sum(static counts => Volatile.Read(ref counts.Open)),
            settings?.MaxConnections,
            counters.Sum(static counts => Volatile.Read(ref counts.Accepted)),
            counters.Sum(static counts => counts.Stalls.Stalled),
            Enum.GetValues<CloseReason>()
                .Select(reason => (Name: GatewayMetrics.NameOf(reason), Count: counters.Sum(counts => counts.Refused(reason))))
                .Where(static refused => refused.Count > 0)
                .ToDictionary(static refused => refused.Name, static refused => refused.Count, StringComparer.Ordinal),
            settings?.Routes.Select(RouteView.Of).ToList(),
            settings?.Upstream?.Name
        );
    }
}

/// <summary>The routes of every listener, each in the order in which it is tried.</summary>
internal sealed record RoutesView(IReadOnlyList<ListenerRoutesView> Listeners)
{
    public static RoutesView Of(GatewayHost host) =>
        new([
            .. host.ListenerSettings.Select(static one => new ListenerRoutesView(
                one.Name,
                [.. one.Routes.Select(RouteView.Of)],
                one.Upstream?.Name
            )),
        ]);
}

/// <summary>The routes of one listener.</summary>
/// <param name="Default">The upstream of connections that no route takes; absent where the last route takes all.</param>
internal sealed record ListenerRoutesView(string Listener, IReadOnlyList<RouteView> Routes, string? Default);

/// <summary>A route: taken by the first connection that all its conditions fit.</summary>
/// <param name="Action">relay, passthrough or reject.</param>
/// <param name="Names">Server names; absent: any.</param>
/// <param name="Networks">How many client networks; absent: any.</param>
/// <param name="Ja4">Fingerprints; absent: any.</param>
/// <param name="ClientCertificate">It asks for one.</param>
internal sealed record RouteView(
    string Name,
    string Action,
    string? Upstream,
    string? Alert,
    IReadOnlyList<string>? Names,
    IReadOnlyList<string>? ApplicationProtocols,
    int? Networks,
    IReadOnlyList<string>? Ja4,
    IReadOnlyList<int>? Ports,
    bool ClientCertificate
)
{
    public static RouteView Of(RouteSettings route) =>
        new(
            route.Name,
            route.Target switch
            {
                RouteTarget.Passthrough => "passthrough",
                RouteTarget.Reject => "reject",
                _ => "relay",
            },
            route.Target.Upstream?.Name,
            route.Target is RouteTarget.Reject rejected ? TlsAlert.NameOf(rejected.Alert) : null,
            route.Names?.Texts,
            route.ApplicationProtocols?.Order(StringComparer.Ordinal).ToList(),
            route.From?.Count,
            route.Ja4?.Order(StringComparer.Ordinal).ToList(),
            route.Ports?.Order().ToList(),
            route.Client is not null
        );
}

/// <summary>Whereto connections go.</summary>
internal sealed record UpstreamsView(IReadOnlyList<UpstreamView> Upstreams)
{
    public static UpstreamsView Of(GatewayHost host) => new([.. host.Upstreams.Select(UpstreamView.Of)]);
}

/// <summary>An upstream; counts are since it exists.</summary>
/// <param name="Queued">Connections that wait for a place.</param>
internal sealed record UpstreamView(string Name, int Queued, IReadOnlyList<EndpointView> Endpoints, UpstreamCountsView Counters)
{
    public static UpstreamView Of(UpstreamSnapshot one) =>
        new(one.Name, one.Queued, [.. one.Endpoints.Select(EndpointView.Of)], UpstreamCountsView.Of(one.Counters));
}

/// <summary>An endpoint of an upstream.</summary>
/// <param name="Host">The name that it was looked up by; "" where the address was written.</param>
/// <param name="State">healthy, down, ejected, half_open or drained.</param>
/// <param name="Order">none, drain, up or down: what an operator wants of it.</param>
/// <param name="Failures">In a row.</param>
internal sealed record EndpointView(
    string Address,
    string Host,
    int Weight,
    bool Backup,
    string State,
    string Order,
    int Connections,
    int Failures,
    long Connected,
    long Failed,
    long TimedOut,
    double StalledSeconds,
    long Ejections,
    CheckView? LastCheck
)
{
    public static EndpointView Of(EndpointSnapshot one) =>
        new(
            one.Address,
            one.Host,
            one.Weight,
            one.Backup,
            one.State,
            one.Order.ToString().ToLowerInvariant(),
            one.Connections,
            one.Failures,
            one.Counters.Connected,
            one.Counters.Failed,
            one.Counters.TimedOut,
            one.Counters.Stalled.TotalSeconds,
            one.Counters.Ejections,
            one.LastCheck is { } check ? CheckView.Of(check) : null
        );
}

/// <summary>What a health check found.</summary>
/// <param name="CheckedBy">The member of the fleet that did it for all; absent: this gateway.</param>
internal sealed record CheckView(bool Passed, string Detail, DateTimeOffset At, string? CheckedBy)
{
    public static CheckView Of(EndpointCheck check) => new(check.Passed, check.Detail, check.At, check.By.Length == 0 ? null : check.By);
}

/// <summary>What became of connections to an upstream.</summary>
internal sealed record UpstreamCountsView(
    long Connected,
    long Failed,
    long TimedOut,
    double StalledSeconds,
    long Retries,
    long Queued,
    long QueueFull,
    long QueueTimeouts,
    long Ejections,
    long ChecksPassed,
    long ChecksFailed,
    long ChecksHeard
)
{
    public static UpstreamCountsView Of(UpstreamCounters one) =>
        new(
            one.Endpoints.Connected,
            one.Endpoints.Failed,
            one.Endpoints.TimedOut,
            one.Endpoints.Stalled.TotalSeconds,
            one.Retries,
            one.Queued,
            one.QueueFull,
            one.QueueTimeouts,
            one.Endpoints.Ejections,
            one.Endpoints.ChecksPassed,
            one.Endpoints.ChecksFailed,
            one.Endpoints.ChecksHeard
        );
}

/// <summary>Open connections by the configuration that they began with.</summary>
internal sealed record GenerationsView(int Current, IReadOnlyList<GenerationUse> Generations)
{
    public static GenerationsView Of(GatewayHost host) => new(host.Generation, host.Generations);
}

/// <summary>What is served.</summary>
internal sealed record CertificatesView(IReadOnlyList<CertificateView> Certificates);

/// <summary>A certificate that a listener serves.</summary>
internal sealed record CertificateView(
    string Listener,
    string Name,
    string Subject,
    IReadOnlyList<string> Names,
    string Serial,
    DateTimeOffset NotBefore,
    DateTimeOffset NotAfter,
    double DaysLeft,
    StapleView? Ocsp
)
{
    public static CertificateView Of(ServedCertificate one, DateTimeOffset now) =>
        new(
            one.Listener,
            one.Name,
            one.Subject,
            one.Names,
            one.Serial,
            one.NotBefore,
            one.NotAfter,
            Math.Floor((one.NotAfter - now).TotalDays),
            one.Staple is { } staple ? new StapleView(staple.Get(now) is not null, staple.ThisUpdate) : null
        );
}

/// <summary>The OCSP response that goes with a certificate.</summary>
/// <param name="Stapled">There is one that holds now.</param>
internal sealed record StapleView(bool Stapled, DateTimeOffset? ThisUpdate);

/// <summary>What bounds connections, and how much of it is used.</summary>
internal sealed record LimitsView(
    UseView Connections,
    UseView Memory,
    string MemoryLevel,
    LimitView? Limits,
    ClientLimitView? ClientLimits,
    FleetLimitsView? Fleet,
    IReadOnlyList<ListenerLimitsView> Listeners
)
{
    public static LimitsView Of(LimitsSnapshot one) =>
        new(
            new UseView(one.Connections, one.Descriptors == long.MaxValue ? null : one.Descriptors),
            new UseView(one.MemoryUsed, one.MemoryLimit),
            one.Memory,
            LimitView.Of(one.All.Limits),
            ClientLimitView.Of(one.All.Clients),
            FleetLimitsView.Of(one),
            [
                .. one.Listeners.Select(static listener => new ListenerLimitsView(
                    listener.Name,
                    new UseView(listener.Connections, listener.MaxConnections),
                    LimitView.Of(listener.Scope.Limits),
                    ClientLimitView.Of(listener.Scope.Clients),
                    listener.Refused
                )),
            ]
        );
}

/// <summary>How much of something is used.</summary>
/// <param name="Limit">Absent: nothing bounds it.</param>
internal sealed record UseView(long Used, long? Limit);

/// <summary>The limits of one listener.</summary>
internal sealed record ListenerLimitsView(
    string Listener,
    UseView Connections,
    LimitView? Limits,
    ClientLimitView? ClientLimits,
    IReadOnlyDictionary<string, long> Refused
);

/// <summary>Limits of one scope; what is absent is not limited. Rates are per second, bytes on the wire.</summary>
internal sealed record LimitView(int? Connections, int? ConnectionRate, int? HandshakeRate, long? ReceiveRate, long? SendRate)
{
    public static LimitView? Of(LimitSettings one) =>
        one.IsAny
            ? new(
                NullWhenZero(one.Connections),
                NullWhenZero(one.ConnectionRate),
                NullWhenZero(one.HandshakeRate),
                one.ReceiveRate == 0 ? null : one.ReceiveRate,
                one.SendRate == 0 ? null : one.SendRate
            )
            : null;

    private static int? NullWhenZero(int value) => value == 0 ? null : value;
}

/// <summary>Limits of each client network.</summary>
internal sealed record ClientLimitView(LimitView Limits, int IPv4Prefix, int IPv6Prefix)
{
    public static ClientLimitView? Of(ClientLimitSettings one) =>
        LimitView.Of(one.Limits) is { } limits ? new(limits, one.IPv4Prefix, one.IPv6Prefix) : null;
}

/// <summary>Who still does what, in the last ten to twenty minutes, the most first.</summary>
internal sealed record UsageView(
    IReadOnlyList<UsageCountView> Handshakes,
    IReadOnlyList<UsageCountView> Tls12,
    IReadOnlyList<UsageCountView> NoPostQuantumGroup,
    IReadOnlyList<UsageCountView> NoServerName,
    IReadOnlyList<UsageCountView> StalledSeconds
)
{
    public static UsageView Of(IReadOnlyDictionary<UsageQuestion, IReadOnlyList<UsageCount>> usage) =>
        new(
            Of(usage, UsageQuestion.Handshakes, 1),
            Of(usage, UsageQuestion.Tls12, 1),
            Of(usage, UsageQuestion.NoPostQuantumGroup, 1),
            Of(usage, UsageQuestion.NoServerName, 1),
            Of(usage, UsageQuestion.StalledNanos, 1e9)
        );

    private static List<UsageCountView> Of(
        IReadOnlyDictionary<UsageQuestion, IReadOnlyList<UsageCount>> usage,
        UsageQuestion question,
        double unit
    ) =>
        [
            .. usage[question]
                .Select(count => new UsageCountView(
                    count.Key.NetworkText,
                    count.Key.Name,
                    Math.Round(count.Amount / unit, 3),
                    Math.Round(count.Error / unit, 3)
                )),
        ];
}

/// <summary>An amount of one client network and configured server name.</summary>
/// <param name="Name">As configured; other: none of those; none: the client sent no name.</param>
/// <param name="Amount">At most: handshakes, or seconds.</param>
/// <param name="Error">So much of it may be others'.</param>
internal sealed record UsageCountView(string Network, string Name, double Amount, double Error);

/// <summary>What the process goes by.</summary>
/// <param name="Generation">That is served; absent before the start.</param>
/// <param name="Yaml">As it stands in the file: variables, which may be secret, are not put in.</param>
internal sealed record ConfigurationView(int? Generation, string File, string Yaml);

/// <summary>A reload that was done.</summary>
internal sealed record GenerationView(int? Generation);

/// <summary>The level that is logged.</summary>
internal sealed record LogView(string Level);

/// <summary>What went wrong (RFC 9457).</summary>
internal sealed record ProblemView(string Title, int Status, string Detail);
