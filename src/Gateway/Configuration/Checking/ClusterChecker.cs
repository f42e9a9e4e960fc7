using System.Net;
using TlsGateway.Actors.Settings;
using TlsGateway.Fleet.Balancing;
using TlsGateway.Fleet.Settings;
using TlsGateway.Gateway.Configuration.Options;
using TlsGateway.Gateway.Configuration.Values;
using TlsGateway.Gateway.Tickets;

namespace TlsGateway.Gateway.Configuration.Checking;

/// <summary>Checks how the gateway is one of a fleet.</summary>
internal sealed class ClusterChecker(ConfigurationProblems problems, ConfigurationWorld world, InputFiles files)
{
    private const string Path = "cluster";

    private readonly PlatformCertificates _certificates = new(problems, world, files);

    /// <summary>Null: it has an error.</summary>
    public ClusterSettings? Check(
        ClusterOptions options,
        TicketKeySettings tickets,
        GatewayLimitOptions limits,
        IReadOnlyList<ListenerSettings> listeners,
        AdminSettings? admin
    )
    {
        var bind = CheckBind(options, listeners, admin);
        var advertised = bind is null ? null : CheckAdvertised(options, bind);
        var seeds = CheckSeeds(options);
        var tls = options.Tls is null ? null : CheckTls(options.Tls);
        CheckQuorum(options);
        CheckTickets(options, tickets);
        CheckClientLimits(options.ClientLimits, limits.PerClient);
        if (bind is null || advertised is not { } self || seeds is null || (options.Tls is not null && tls is null))
        {
            return null;
        }
        CheckTrust(options, bind, self, seeds);
        CheckMembers(options, self, seeds);
        var relay = options.Relay is null ? null : CheckRelay(options.Relay, bind, self, listeners, admin);
        if (problems.HasErrors)
        {
            return null;
        }
        FleetSettings fleet = new()
        {
            Bind = bind,
            Advertised = self,
            Seeds = seeds,
            Discovery = options.Kubernetes is { Namespace: not null } pods ? KubernetesMembers.Discover(pods, self) : null,
            Tls = tls,
            SplitBrain = options.SplitBrain switch
            {
                "keep-oldest" => SplitBrain.KeepOldest,
                "static-quorum" => SplitBrain.StaticQuorum,
                "lease-majority" => SplitBrain.LeaseMajority,
                "down-all" => SplitBrain.DownAll,
                _ => SplitBrain.KeepMajority,
            },
            QuorumSize = options.QuorumSize ?? 0,
            StableAfter = options.StableAfter,
            SharesTicketKeys = options.Tickets,
            SharesChecks = options.SharedChecks,
            RotateEvery = tickets.RotateEvery,
            KeepKeys = tickets.Keep,
            Relaying = relay is var (_, advertise)
                ? new RelayingSettings(advertise, 1 + (options.Relay!.Excess / 100.0), options.Relay.Minimum)
                : null,
            Rebalance = options.Rebalance is { } rebalance
                ? new RebalanceSettings(
                    1 + (rebalance.Excess / 100.0),
                    rebalance.Share / 100.0,
                    rebalance.Every,
                    rebalance.Idle,
                    rebalance.Old
                )
                : null,
        };
        return new ClusterSettings(
            fleet,
            options.Readiness == "member",
            relay?.Bind,
            options.ClientLimits is { } clients ? LimitReader.Read(clients, limits.PerClient) : ClientLimitSettings.None
        );
    }

    private IPEndPoint? CheckBind(ClusterOptions options, IReadOnlyList<ListenerSettings> listeners, AdminSettings? admin) =>
        CheckPort(
            $"{Path}.bind",
            options.Bind,
            options.Shown(nameof(options.Bind)),
            options.At(nameof(options.Bind)),
            "4053",
            Taken(listeners, admin)
        );

    /// <summary>Where connections come from other members, and how those get there.</summary>
    private (IPEndPoint Bind, FleetAddress Advertised)? CheckRelay(
        ClusterRelayOptions options,
        IPEndPoint members,
        FleetAddress self,
        IReadOnlyList<ListenerSettings> listeners,
        AdminSettings? admin
    )
    {
        var bind = CheckPort(
            $"{Path}.relay.bind",
            options.Bind,
            options.Shown(nameof(options.Bind)),
            options.At(nameof(options.Bind)),
            "4054",
            Taken(listeners, admin).Append((members, $"{Path}.bind"))
        );
        if (bind is null)
        {
            return null;
        }
        if (options.Advertise is null)
        {
            return (bind, self with { Port = bind.Port });
        }
        var advertised = ReadAddress(
            options.Advertise,
            options.At(nameof(options.Advertise)),
            $"{Path}.relay.advertise is '{options.Shown(nameof(options.Advertise))}'"
        );
        return advertised is { } address ? (bind, address) : null;
    }

    private static IEnumerable<(IPEndPoint Bind, string Owner)> Taken(IReadOnlyList<ListenerSettings> listeners, AdminSettings? admin)
    {
        var listened = listeners.Select(static one => (one.Bind, Owner: $"listener {one.Name}"));
        return admin is null ? listened : listened.Append((admin.Bind, "admin.bind"));
    }

    private IPEndPoint? CheckPort(
        string key,
        string text,
        string shown,
        SourcePosition position,
        string usual,
        IEnumerable<(IPEndPoint Bind, string Owner)> taken
    )
    {
        if (!AddressText.TryParseBind(text, out var bind, out var problem))
        {
            problems.Error(position, $"{key} is '{shown}', {problem}");
            return null;
        }
        if (bind.Port == 0)
        {
            problems.Error(position, $"{key} has port 0: other members could not know it. Name a port, such as {usual}.");
            return null;
        }
        if (taken.FirstOrDefault(other => AddressText.Conflict(other.Bind, bind)) is { Owner: { } owner })
        {
            problems.Error(position, $"{key} is {bind}, which {owner} listens on already. Choose another port.");
            return null;
        }
        return bind;
    }

    private FleetAddress? CheckAdvertised(ClusterOptions options, IPEndPoint bind)
    {
        if (options.Advertise is null)
        {
            if (bind.Address.Equals(IPAddress.Any) || bind.Address.Equals(IPAddress.IPv6Any))
            {
                problems.Error(
                    options.At(nameof(options.Bind)),
                    $"{Path}.bind is every address of this machine, so other members need to be told one. Set {Path}.advertise to this member's name or address, with the port."
                );
                return null;
            }
            return new FleetAddress(bind.Address.ToString(), bind.Port);
        }
        return ReadAddress(
            options.Advertise,
            options.At(nameof(options.Advertise)),
            $"{Path}.advertise is '{options.Shown(nameof(options.Advertise))}'"
        );
    }

    private List<FleetAddress>? CheckSeeds(ClusterOptions options)
    {
        List<FleetAddress> seeds = [];
        for (var index = 0; index < options.Seeds.Count; index++)
        {
            if (
                ReadAddress(
                    options.Seeds[index],
                    options.At(nameof(options.Seeds), index),
                    $"{Path}.seeds[{index}] is '{options.Seeds[index]}'"
                )
                is not { } seed
            )
            {
                return null;
            }
            if (seeds.Contains(seed))
            {
                problems.Error(
                    options.At(nameof(options.Seeds), index),
                    $"{Path}.seeds[{index}] is {seed}, which is there already. Remove one."
                );
                return null;
            }
            seeds.Add(seed);
        }
        return seeds;
    }

    private FleetAddress? ReadAddress(string text, SourcePosition position, string shown)
    {
        if (!AddressText.TrySplit(text, out var host, out var port, out var problem))
        {
            problems.Error(position, $"{shown}, {problem}");
            return null;
        }
        if (
            host.Length == 0
            || port == 0
            || (IPAddress.TryParse(host, out var address) && (address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any)))
        )
        {
            problems.Error(
                position,
                $"{shown}, which is no address that other members could connect to. Write a name or IP address and a port, such as gateway-0.members:4053."
            );
            return null;
        }
        return new FleetAddress(host, port);
    }

    private FleetTls? CheckTls(ClusterTlsOptions options)
    {
        var authorities = options.Authorities is null
            ? null
            : _certificates.ReadAuthorities(
                options.Authorities,
                options.At(nameof(options.Authorities)),
                $"{Path}.tls.authorities is '{options.Shown(nameof(options.Authorities))}'"
            );
        if (
            options.Certificate is null
            || _certificates.ReadCertificate($"{Path}.tls.certificate", options.Certificate) is not var (leaf, _)
            || authorities is null
        )
        {
            return null;
        }
        FleetTls tls = new(leaf, authorities, options.Role, options.VerifyHost);
        // What this member would refuse in another, the others refuse in it.
        if (tls.FindProblem(leaf) is { } problem)
        {
            problems.Error(
                options.At(nameof(options.Certificate)),
                $"{Path}.tls.certificate would be refused by the other members: {problem}. Members' certificates come from {Path}.tls.authorities, are for servers and clients, and have the name {options.Role} (tls.role) beside their own."
            );
            return null;
        }
        return tls;
    }

    /// <summary>Whoever reaches a member port without TLS is a member.</summary>
    private void CheckTrust(ClusterOptions options, IPEndPoint bind, FleetAddress self, List<FleetAddress> seeds)
    {
        if (options.Tls is null && !(IPAddress.IsLoopback(bind.Address) && IsLoopback(self) && seeds.TrueForAll(IsLoopback)))
        {
            problems.Error(
                options.Start,
                $"{Path} has no tls, and is not on loopback: whoever reaches the member port would be a member, and get the ticket keys. Set {Path}.tls."
            );
        }
    }

    private void CheckMembers(ClusterOptions options, FleetAddress self, List<FleetAddress> seeds)
    {
        if (options.Kubernetes is not null && seeds.Count > 0)
        {
            problems.Error(
                options.At(nameof(options.Seeds)),
                $"{Path} has seeds and kubernetes: members are found one way. Remove one of the two."
            );
        }
        else if (options.Kubernetes is null && seeds.Count == 0)
        {
            problems.Error(
                options.Start,
                $"{Path} says neither who the seeds are nor that members are found by kubernetes. Name three seeds, this one perhaps among them."
            );
        }
        else if (seeds.Count == 1 && !seeds[0].Equals(self))
        {
            problems.Warning(
                options.At(nameof(options.Seeds)),
                $"{Path}.seeds has one member: when {seeds[0]} begins anew while others run, it begins a second fleet. Name three."
            );
        }
        if (options.SplitBrain == "lease-majority" && options.Kubernetes is null)
        {
            problems.Error(
                options.At(nameof(options.SplitBrain)),
                $"{Path}.splitBrain is lease-majority, which needs {Path}.kubernetes. Use keep-majority."
            );
        }
    }

    private void CheckQuorum(ClusterOptions options)
    {
        var isQuorum = options.SplitBrain == "static-quorum";
        if (isQuorum && options.QuorumSize is null)
        {
            problems.Error(
                options.At(nameof(options.SplitBrain)),
                $"{Path}.splitBrain is static-quorum without quorumSize. Set {Path}.quorumSize to more than half of all members that there can ever be."
            );
        }
        else if (!isQuorum && options.QuorumSize is not null)
        {
            problems.Warning(
                options.At(nameof(options.QuorumSize)),
                $"{Path}.quorumSize has no effect: it is for splitBrain static-quorum."
            );
        }
    }

    private void CheckTickets(ClusterOptions options, TicketKeySettings tickets)
    {
        if (options.Tickets && tickets.File is not null)
        {
            problems.Error(
                options.At(nameof(options.Tickets)),
                $"{Path}.tickets is on, and ticketKeys.file has keys too: only one of them can have the say. Remove ticketKeys.file, or write {Path}.tickets: false."
            );
        }
    }

    private void CheckClientLimits(ClusterClientLimitOptions? fleet, ClientLimitOptions member)
    {
        if (fleet is null)
        {
            return;
        }
        if (fleet is { Connections: 0, HandshakeRate: 0 })
        {
            problems.Warning(
                fleet.Start,
                $"{Path}.clientLimits has no effect: it limits nothing. Set its connections or handshakeRate, or remove it."
            );
        }
        CheckReach(fleet, nameof(fleet.Connections), "connections", fleet.Connections, member.Connections);
        CheckReach(fleet, nameof(fleet.HandshakeRate), "handshakeRate", fleet.HandshakeRate, member.HandshakeRate);
    }

    /// <summary>What a network may have at one member, it may have at all together.</summary>
    private void CheckReach(ClusterClientLimitOptions fleet, string property, string name, int all, int one)
    {
        if (all > 0 && one > all)
        {
            problems.Error(
                fleet.At(property),
                $"{Path}.clientLimits.{name} is {all}, and limits.perClient.{name} lets a client network have {one} at one member alone. Make it as much at least, or limits.perClient.{name} smaller."
            );
        }
    }

    private static bool IsLoopback(FleetAddress address) =>
        address.Host == "localhost" || (IPAddress.TryParse(address.Host, out var parsed) && IPAddress.IsLoopback(parsed));
}
