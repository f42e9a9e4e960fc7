using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using TlsGateway.Gateway.Configuration.Values;

namespace TlsGateway.Gateway.Configuration.Options;

internal sealed class ClusterOptions : PositionedOptions
{
    [Description("Where other members connect.")]
    [Text("an address and port", Examples = [":4053", "10.0.0.5:4053"])]
    public string Bind { get; set; } = ":4053";

    /// <summary>Null: the address bound.</summary>
    [Description(
        "The name or IP address, with a port, by which other members reach this one. It is this member's identity: the name in its certificate, and as it stands in seeds. Left out: bind, if that is one address."
    )]
    [Text(
        "a host and port",
        Examples = [
            "gateway-0.gateway-members.default.svc.cluster.local:4053",
            "${POD_NAME}.gateway-members.${POD_NAMESPACE}.svc.cluster.local:4053",
        ]
    )]
    public string? Advertise { get; set; }

    [Description(
        "Members with stable addresses, as they advertise them: the same list in the same order on all. The first one begins a fleet when none of them answers; so name three."
    )]
    public List<string> Seeds { get; set; } = [];

    /// <summary>In the place of <see cref="Seeds"/>.</summary>
    [Description("Members are found as pods of Kubernetes, in the place of seeds.")]
    public ClusterKubernetesOptions? Kubernetes { get; set; }

    /// <summary>Null: on loopback only.</summary>
    [Description("How members prove that they are members. Left out: for loopback only.")]
    public ClusterTlsOptions? Tls { get; set; }

    [Description(
        "Which part of a fleet goes on when its members no longer reach each other; the others begin anew, and serve meanwhile. keep-majority: the larger one. keep-oldest: the one with the oldest member. static-quorum: one with quorumSize members. lease-majority: the one that gets a lease (Kubernetes). down-all: none."
    )]
    [Word("keep-majority", "keep-oldest", "static-quorum", "lease-majority", "down-all")]
    public string SplitBrain { get; set; } = "keep-majority";

    /// <summary>Null: not set.</summary>
    [Description("For splitBrain static-quorum: so many members go on. More than half of all that there can ever be.")]
    [Count(1, 1000)]
    public int? QuorumSize { get; set; }

    [Description("How long members must have been out of reach, with nothing else changing, before splitBrain decides.")]
    [Duration("3s", "10m")]
    public TimeSpan StableAfter { get; set; } = TimeSpan.FromSeconds(20);

    [Description(
        "Members share the keys of session tickets (ticketKeys has how often they change), so that a session resumes on any of them. Off: each has its own, or those of ticketKeys.file."
    )]
    [Switch]
    public bool Tickets { get; set; } = true;

    /// <summary>Null: none.</summary>
    [Description(
        "Limits of each client network at all members together; networks are cut as limits.perClient cuts them. More may be let in, by what comes within a second at the other members. The same on all."
    )]
    public ClusterClientLimitOptions? ClientLimits { get; set; }

    /// <summary>Null: members serve what comes to them.</summary>
    [Description(
        "A member with far more to do than the others hands new connections to lighter ones, before their handshake. Left out: each serves what comes to it."
    )]
    public ClusterRelayOptions? Relay { get; set; }

    /// <summary>Null: they do not.</summary>
    [Description(
        "A member with far more connections than the others closes some that are idle, so that their clients come to another. For load balancers that spread new connections over members that have come. Left out: none is closed."
    )]
    public ClusterRebalanceOptions? Rebalance { get; set; }

    [Description(
        "One member does the health checks of an endpoint and fetches the OCSP response of a certificate, for all that have the same; when it goes, another one does within seconds. Off: each does its own. Set the same on all."
    )]
    [Switch]
    public bool SharedChecks { get; set; } = true;

    [Description(
        "When /readyz is true. alone: with or without the fleet. member: only as a member with its ticket keys; a member that is put out leaves the load balancer then."
    )]
    [Word("alone", "member")]
    public string Readiness { get; set; } = "alone";
}

internal sealed class ClusterRelayOptions : PositionedOptions
{
    [Description("Where other members hand over connections.")]
    [Text("an address and port", Examples = [":4054", "10.0.0.5:4054"])]
    public string Bind { get; set; } = ":4054";

    /// <summary>Null: the host of the cluster's advertise, with the port of bind.</summary>
    [Description(
        "The name or IP address, with a port, by which other members reach bind. Left out: the host of cluster.advertise with the port of bind."
    )]
    [Text("a host and port", Examples = ["10.0.0.5:4054"])]
    public string? Advertise { get; set; }

    [Description(
        "A member hands over connections when it has so many percent more to do than the average of all: an open connection counts 1, a handshake each second 10."
    )]
    [Count(5, 1000)]
    public int Excess { get; set; } = 25;

    [Description("A member with less to do than this serves all that comes to it.")]
    [Count(1, 1000000)]
    public int Minimum { get; set; } = 200;
}

internal sealed class ClusterRebalanceOptions : PositionedOptions
{
    [Description("A member closes connections when it has so many percent more of them than the average of all.")]
    [Count(5, 1000)]
    public int Excess { get; set; } = 50;

    [Description("Of what it has above the average, so many percent each time.")]
    [Count(1, 100)]
    public int Share { get; set; } = 10;

    [Description("The time between two times; each member's differs from it by up to a quarter.")]
    [Duration("1s", "1h")]
    public TimeSpan Every { get; set; } = TimeSpan.FromSeconds(30);

    [Description("Connections on which nothing has happened for so long, the longest idle first.")]
    [Duration("100ms", "1h")]
    public TimeSpan Idle { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Null: not by age.</summary>
    [Description("After the idle ones, those that have been open for so long, whatever they do. Left out: idle ones only.")]
    [Duration("10s", "168h")]
    public TimeSpan? Old { get; set; }
}

internal sealed class ClusterTlsOptions : PositionedOptions
{
    [Required]
    [Description(
        "This member's certificate and key, for servers and for clients. When it changes, the member leaves and joins again with it; connections go on."
    )]
    public CertificateOptions? Certificate { get; set; }

    [Required]
    [Description(
        "PEM file with the authorities of members' certificates. Have one for them alone: whoever it signs a certificate for, with role among its names, is a member."
    )]
    [Text("the path of a PEM file")]
    public string? Authorities { get; set; }

    [Description("A DNS name that every member's certificate has among its names, beside its own.")]
    [Text("a DNS name", Pattern = "^[A-Za-z0-9._-]{1,253}$")]
    public string Role { get; set; } = "members.tls-gateway";

    [Description(
        "The certificate of a member that is connected to must have the name or address it advertises. Off for pods whose addresses are not known before: then role alone says who is a member."
    )]
    [Switch]
    public bool VerifyHost { get; set; } = true;
}

internal sealed class ClusterKubernetesOptions : PositionedOptions
{
    [Required]
    [Description("The namespace of the pods.")]
    [Text("a namespace", Pattern = "^[a-z0-9-]{1,63}$", Examples = ["${POD_NAMESPACE}"])]
    public string? Namespace { get; set; }

    [Description("Selects the pods that are members, as kubectl get pods -l takes it.")]
    [Text("a label selector", Pattern = "^[A-Za-z0-9=!,()./_ -]{1,512}$")]
    public string Labels { get; set; } = "app.kubernetes.io/name=tls-gateway";

    /// <summary>Null: as advertised.</summary>
    [Description("The member port of all pods. Left out: the port of advertise.")]
    [Count(1, 65535)]
    public int? Port { get; set; }

    [Description(
        "So many members, this one included, must have been found and answer before they begin a fleet. More than half of the replicas."
    )]
    [Count(1, 100)]
    public int ContactPoints { get; set; } = 2;

    [Description("The Lease of coordination.k8s.io that the member holds which begins a fleet.")]
    [Text("a name", Pattern = "^[a-z0-9-]{1,50}$")]
    public string Lease { get; set; } = "tls-gateway-members";
}
