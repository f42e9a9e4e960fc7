using TlsGateway.Actors.Settings;
using TlsGateway.Gateway.Tests.Support;

namespace TlsGateway.Gateway.Tests.Configuration;

public sealed class RouteCheckTests
{
    [Fact]
    public async Task Routes_become_settings_in_their_order()
    {
        using TemporaryFolder folder = new();
        var result = await Loader.LoadAsync(
            folder,
            File(
                """
                      - { name: api, sni: ["*.api.test", "~^v[0-9]"], alpn: [h2], from: [10.0.0.0/8, 192.0.2.7], port: [8443], upstream: demo }
                      - { name: own, sni: [own.test], passthrough: raw }
                      - { name: scanner, ja4: [t13d1516h2_8daaf6152771_02713d6af862], reject: handshake_failure }
                """
            )
        );
        Assert.Empty(result.Problems);
        var routes = result.Configuration!.Listeners[0].Routes;
        Assert.Equal(["api", "own", "scanner"], routes.Select(static route => route.Name));
        Assert.Equal("demo", Assert.IsType<RouteTarget.Relay>(routes[0].Target).To.Name);
        Assert.True(routes[0].Names!.Match("x.api.test"));
        Assert.Equal(2, routes[0].From!.Count);
        Assert.Equal("raw", Assert.IsType<RouteTarget.Passthrough>(routes[1].Target).To.Name);
        Assert.Equal(40, Assert.IsType<RouteTarget.Reject>(routes[2].Target).Alert);
    }

    [Fact]
    public async Task The_listeners_upstream_may_be_left_out_when_the_last_route_takes_all()
    {
        var routes = "      - { name: own, sni: [own.test], passthrough: raw }\n      - { name: rest, reject: unrecognized_name }\n";
        Assert.Empty(await Loader.ProblemsAsync(File(routes).Replace("    upstream: demo\n", "", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("{ name: a }", "g.yaml:6:9: ", "has no target. Write one of upstream: NAME, passthrough: NAME and reject: ALERT")]
    [InlineData("{ name: a, upstream: demo, reject: access_denied }", "g.yaml:6:9: ", "has more than one target")]
    [InlineData("{ upstream: demo }", "g.yaml:6:9: ", "name is missing")]
    [InlineData("{ name: default, upstream: demo }", "g.yaml:6:17: ", "is the name of the route to the listener's upstream")]
    [InlineData(
        "{ name: a, upstream: dema }",
        "g.yaml:6:30: ",
        "routes[0].upstream 'dema' does not exist. There are: demo, raw. Did you mean demo?"
    )]
    [InlineData("{ name: a, passthrough: rav }", "g.yaml:6:33: ", "Did you mean raw?")]
    [InlineData("{ name: a, reject: no_certificat }", "g.yaml:6:28: ", "which is not known")]
    [InlineData(
        "{ name: a, sni: [good.test, 'a.*.test'], upstream: demo }",
        "g.yaml:6:37: ",
        "sni[1] is 'a.*.test', which is neither a name"
    )]
    [InlineData("{ name: a, sni: ['~(a'], upstream: demo }", "g.yaml:6:26: ", "which is no regular expression")]
    [InlineData("{ name: a, sni: ['~(a)\\1'], upstream: demo }", "g.yaml:6:26: ", "whose time has no bound")]
    [InlineData("{ name: a, from: [10.0.0.0/33], upstream: demo }", "g.yaml:6:27: ", "whose prefix length is not a number from 0 to 32")]
    [InlineData("{ name: a, from: [10.0.0.1/8], upstream: demo }", "g.yaml:6:27: ", "which has bits behind its prefix of 8")]
    [InlineData("{ name: a, from: [ten], upstream: demo }", "g.yaml:6:27: ", "which is no address or network")]
    [InlineData("{ name: a, port: [0], upstream: demo }", "g.yaml:6:27: ", "which is no port")]
    [InlineData(
        "{ name: a, port: [443], upstream: demo }",
        "g.yaml:6:26: ",
        "does not have the listener's port, 8443: no connection takes this route"
    )]
    [InlineData("{ name: a, ja4: [t13d1516h2], upstream: demo }", "g.yaml:6:26: ", "which is no JA4 fingerprint")]
    [InlineData("{ name: a, client: [{ commonName: x }], upstream: demo }", "g.yaml:6:28: ", "Set tls.clientCertificates")]
    public async Task A_mistake_in_a_route_is_said_with_its_place(string route, string place, string part)
    {
        var problem = Assert.Single(await Loader.ProblemsAsync(File($"      - {route}\n")));
        Assert.StartsWith(place, problem, StringComparison.Ordinal);
        Assert.Contains(part, problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_route_below_one_that_takes_all_is_said_to_be_unreachable()
    {
        var problems = await Loader.ProblemsAsync(
            File("      - { name: all, upstream: demo }\n      - { name: late, sni: [a.test], upstream: demo }\n")
        );
        Assert.Contains("routes[1] late is never reached: all above it takes all", Assert.Single(problems), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_routes_of_one_name_are_told_apart()
    {
        var problems = await Loader.ProblemsAsync(
            File("      - { name: a, sni: [a.test], upstream: demo }\n      - { name: a, sni: [b.test], upstream: demo }\n")
        );
        Assert.Contains("routes[1].name a is taken", Assert.Single(problems), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_listener_without_upstream_and_without_a_last_route_is_said()
    {
        var yaml = File("      - { name: a, sni: [a.test], upstream: demo }\n")
            .Replace("    upstream: demo\n", "", StringComparison.Ordinal);
        Assert.Contains(
            "says nowhere whereto a connection goes that no route takes",
            Assert.Single(await Loader.ProblemsAsync(yaml)),
            StringComparison.Ordinal
        );
    }

    private static string File(string routes) =>
        $"""
            listeners:
              - name: https
                bind: 127.0.0.1:8443
                upstream: demo
                routes:
            {routes.TrimEnd()}
                tls:
                  certificates: development
            upstreams:
              demo: {"{"} address: embedded-demo {"}"}
              raw: {"{"} address: 192.0.2.7:443 {"}"}

            """;
}
