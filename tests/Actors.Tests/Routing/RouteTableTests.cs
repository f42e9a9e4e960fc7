using System.Net;
using CsCheck;
using TlsGateway.Actors.Routing;
using TlsGateway.Actors.Settings;
using TlsGateway.Tests;
using TlsGateway.Tls.ClientCertificates;
using TlsGateway.Transport;

namespace TlsGateway.Actors.Tests.Routing;

public sealed class RouteTableTests
{
    private static readonly UpstreamSettings Web = new()
    {
        Name = "web",
        Endpoints = [new EndpointSettings(new IPEndPoint(IPAddress.Loopback, 80))],
    };

    private static readonly string[] Names = ["", "a.test", "b.a.test", "c.test"];
    private static readonly string[] Patterns = ["a.test", "*.a.test", "~^c", "*.test"];
    private static readonly string[] Protocols = ["h2", "http/1.1", "mqtt"];
    private static readonly string[] Networks = ["10.0.0.0/8", "10.1.0.0/16", "::1/128", "0.0.0.0/0"];
    private static readonly string[] Addresses = ["10.1.2.3", "10.2.0.1", "192.0.2.1", "::1", "2001:db8::1"];
    private static readonly string[] People = ["alice", "bob"];

    /// <summary>Conditions by index, so that an oracle can read them; null: the route does not ask.</summary>
    private sealed record Plan(int[]? Names, int[]? Protocols, int[]? Networks, bool? Ja4, bool? Port, int? Client);

    private sealed record Visit(int Name, int[] Protocols, int Address, bool Ja4, bool Port, int? Client);

    private static readonly Gen<Plan> PlanGen =
        from names in Maybe(Gen.Int[0, 3].Array[1, 2])
        from protocols in Maybe(Gen.Int[0, 2].Array[1, 2])
        from networks in Maybe(Gen.Int[0, 3].Array[1, 2])
        from ja4 in OneOf<bool?>(null, null, true, false)
        from port in OneOf<bool?>(null, null, true, false)
        from client in OneOf<int?>(null, null, 0, 1)
        select new Plan(names, protocols, networks, ja4, port, client);

    private static readonly Gen<Visit> VisitGen =
        from name in Gen.Int[0, 3]
        from protocols in Gen.Int[0, 2].Array[0, 2]
        from address in Gen.Int[0, 4]
        from ja4 in Gen.Bool
        from port in Gen.Bool
        from client in OneOf<int?>(null, 0, 1)
        select new Visit(name, protocols, address, ja4, port, client);

    [Fact]
    public void The_first_route_whose_every_condition_fits_is_taken()
    {
        Seeded.ForAll(
            Gen.Select(PlanGen.Array[0, 8], VisitGen.Array[30]),
            1_000,
            seed: 42,
            input =>
            {
                var (plans, visits) = input;
                var table = new RouteTable(plans.Select(Make), Web);
                foreach (var visit in visits)
                {
                    var expected = Array.FindIndex(plans, plan => Fits(plan, visit, afterHandshake: true));
                    var chosen = table.Choose(RequestOf(visit) with { AfterHandshake = true, Certificate = PeerOf(visit) });
                    Assert.Equal(expected < 0 ? RouteTable.DefaultName : $"r{expected}", chosen.Name);

                    var before = Array.FindIndex(plans, plan => Fits(plan, visit, afterHandshake: false));
                    Assert.Equal(before < 0 ? RouteTable.DefaultName : $"r{before}", table.Choose(RequestOf(visit)).Name);
                    // What is chosen by the hello alone stays chosen, unless a certificate has its say.
                    if (table.Choose(RequestOf(visit)).Client is null)
                        Assert.Equal(before, expected);
                }
            }
        );
    }

    [Fact]
    public void Without_an_upstream_the_last_route_has_to_take_all()
    {
        var some = Make(new Plan([0], null, null, null, null, null), 0);
        var all = Make(new Plan(null, null, null, null, null, null), 1);
        Assert.Throws<ArgumentException>(() => new RouteTable([some], null));
        Assert.Throws<ArgumentException>(() => new RouteTable([], null));
        Assert.Equal("r1", new RouteTable([some, all], null).Choose(RequestOf(new Visit(3, [], 0, false, false, null))).Name);
    }

    [Fact]
    public void A_route_that_passes_through_cannot_stand_at_or_below_one_that_wants_a_certificate()
    {
        var client = Make(new Plan(null, null, null, null, null, 0), 0);
        var through = Make(new Plan([0], null, null, null, null, null), 1) with { Target = new RouteTarget.Passthrough(Web) };
        Assert.Throws<ArgumentException>(() => new RouteTable([client, through], Web));
        Assert.Throws<ArgumentException>(() => new RouteTable([client with { Target = new RouteTarget.Passthrough(Web) }], Web));
        Assert.True(new RouteTable([through, client], Web).PassesThrough);
    }

    private static RouteSettings Make(Plan plan, int index)
    {
        NamePatterns? names = null;
        if (plan.Names is not null)
            Assert.True(NamePatterns.TryParse([.. plan.Names.Select(static n => Patterns[n])], out names, out _, out _));
        return new RouteSettings
        {
            Name = $"r{index}",
            Target = new RouteTarget.Relay(Web),
            Names = names,
            ApplicationProtocols = plan.Protocols?.Select(static p => Protocols[p]).ToHashSet(StringComparer.Ordinal),
            From = plan.Networks is null ? null : PrefixTable.Of(plan.Networks.Select(static n => IPNetwork.Parse(Networks[n]))),
            Ja4 = plan.Ja4 is { } ja4 ? new HashSet<string> { ja4 ? "yes" : "no" } : null,
            Ports = plan.Port is { } port ? new HashSet<int> { port ? 1 : 2 } : null,
            Client = plan.Client is { } client ? peer => peer.CommonNames.Contains(People[client]) : null,
        };
    }

    private static bool Fits(Plan plan, Visit visit, bool afterHandshake)
    {
        bool NameFits(int pattern) =>
            (pattern, visit.Name) switch
            {
                (0, 1) => true,
                (1, 2) => true,
                (2, 3) => true,
                (3, > 0) => true,
                _ => false,
            };
        bool NetworkFits(int network) =>
            (network, visit.Address) switch
            {
                (0, 0 or 1) => true,
                (1, 0) => true,
                (2, 3) => true,
                (3, 0 or 1 or 2) => true,
                _ => false,
            };
        return (plan.Names is null || Array.Exists(plan.Names, NameFits))
            && (plan.Protocols is null || plan.Protocols.Intersect(visit.Protocols).Any())
            && (plan.Networks is null || Array.Exists(plan.Networks, NetworkFits))
            && (plan.Ja4 is null || plan.Ja4 == visit.Ja4)
            && (plan.Port is null || plan.Port == visit.Port)
            && (!afterHandshake || plan.Client is null || plan.Client == visit.Client);
    }

    private static RouteRequest RequestOf(Visit visit) =>
        new(
            Names[visit.Name],
            [.. visit.Protocols.Select(static p => Protocols[p])],
            InetEndPoint.From(IPAddress.Parse(Addresses[visit.Address]), 4711),
            visit.Port ? 1 : 2,
            visit.Ja4 ? "yes" : "no"
        );

    private static TlsPeerCertificate? PeerOf(Visit visit) =>
        visit.Client is { } client
            ? new TlsPeerCertificate(
                "",
                "",
                "",
                default,
                default,
                [People[client]],
                OrganizationalUnits: [],
                DnsNames: [],
                Uris: [],
                Der: default,
                IssuerDer: default
            )
            : null;

    private static Gen<T> OneOf<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);

    private static Gen<T?> Maybe<T>(Gen<T> gen)
        where T : class => Gen.Select(Gen.Bool, gen).Select(static pair => pair.Item1 ? pair.Item2 : null);
}
