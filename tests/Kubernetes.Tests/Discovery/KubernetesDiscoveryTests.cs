using System.Net;
using Akka.Actor;
using Akka.Configuration;
using Akka.Discovery;
using TlsGateway.Kubernetes.Api;
using TlsGateway.Kubernetes.Discovery;
using TlsGateway.Kubernetes.Tests.Support;

namespace TlsGateway.Kubernetes.Tests.Discovery;

/// <summary>As Akka.Discovery loads and asks it.</summary>
public sealed class KubernetesDiscoveryTests : IAsyncLifetime
{
    private FakeApiServer _server = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await FakeApiServer.StartAsync();
        _server.Pods.Put("gw-1", "10.0.0.2", hostname: "gw-1", subdomain: "gw-headless");
        _server.Pods.Put("gw-0", "10.0.0.1", hostname: "gw-0", subdomain: "gw-headless");
        _server.Pods.Put("gw-loose", "10.0.0.3");
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task Akka_loads_it_by_configuration_and_finds_the_pods()
    {
        await using var system = TestSystem.Start(
            _server,
            more: """akka.discovery.kubernetes { label-selector = "app=%s", port = 4100 }"""
        );
        var discovery = Akka.Discovery.Discovery.Get(system.System).LoadServiceDiscovery("kubernetes");

        var resolved = await discovery.Lookup("gw", TestClock.Patience);

        var found = Assert.IsType<KubernetesDiscovery>(discovery);
        Assert.Equal("gw", resolved.ServiceName);
        Assert.Equal([Target("10.0.0.1", "10.0.0.1"), Target("10.0.0.2", "10.0.0.2"), Target("10.0.0.3", "10.0.0.3")], resolved.Addresses);
        Assert.Equal(3, found.GetKnown("gw")!.Pods.Count);
        Assert.Null(found.GetKnown("else"));
        Assert.Equal("app=gw", Assert.Single(_server.Seen("list pods"))["labelSelector"]);
    }

    [Fact]
    public async Task It_is_the_default_where_akka_is_told_so()
    {
        await using var system = TestSystem.Start(
            _server,
            more: """
            akka.discovery { method = kubernetes, kubernetes.label-selector = "app=gw" }
            """
        );

        var resolved = await Akka.Discovery.Discovery.Get(system.System).Default.Lookup("whatever it is called", TestClock.Patience);

        Assert.Equal(3, resolved.Addresses.Count);
    }

    [Fact]
    public async Task Members_have_names_where_certificates_need_them()
    {
        TestLog log = new();
        await using var system = TestSystem.Start(
            _server,
            new KubernetesSetup(log),
            """akka.discovery.kubernetes { label-selector = "app=%s", host = dns, port = 4100 }"""
        );

        var resolved = await Akka
            .Discovery.Discovery.Get(system.System)
            .LoadServiceDiscovery("kubernetes")
            .Lookup("gw", TestClock.Patience);

        Assert.Equal(
            [
                Target("gw-0.gw-headless.gateways.svc.cluster.local", "10.0.0.1"),
                Target("gw-1.gw-headless.gateways.svc.cluster.local", "10.0.0.2"),
            ],
            resolved.Addresses
        );
        Assert.Contains(
            log.Lines,
            static line => line.StartsWith("Warning: Pods left out, since they have no name in DNS: 1", StringComparison.Ordinal)
        );
    }

    [Fact]
    public async Task Later_look_ups_are_answered_from_the_watch()
    {
        await using var system = TestSystem.Start(_server, more: """akka.discovery.kubernetes.label-selector = "app=%s" """);
        var discovery = (KubernetesDiscovery)Akka.Discovery.Discovery.Get(system.System).LoadServiceDiscovery("kubernetes");
        await discovery.Lookup("gw", TestClock.Patience);
        await discovery.Lookup("gw", TestClock.Patience);

        Assert.Single(_server.Seen("list pods"));
        await _server.Pods.WhenWatchedAsync();
    }

    [Theory]
    [InlineData("a=b,c")]
    [InlineData("a b")]
    [InlineData("waytoolongwaytoolongwaytoolongwaytoolongwaytoolongwaytoolongwaytoolong")]
    public async Task A_name_that_would_change_the_selector_is_refused(string name)
    {
        await using var system = TestSystem.Start(_server);
        var discovery = Akka.Discovery.Discovery.Get(system.System).LoadServiceDiscovery("kubernetes");

        await Assert.ThrowsAsync<ArgumentException>(() => discovery.Lookup(name, TestClock.Patience));

        Assert.Empty(_server.Seen("list pods"));
    }

    [Fact]
    public async Task Names_are_bounded()
    {
        await using var system = TestSystem.Start(_server);
        var discovery = Akka.Discovery.Discovery.Get(system.System).LoadServiceDiscovery("kubernetes");
        for (var i = 0; i < 16; i++)
        {
            Assert.Empty((await discovery.Lookup($"name-{i}", TestClock.Patience)).Addresses);
        }

        await Assert.ThrowsAsync<ArgumentException>(() => discovery.Lookup("name-16", TestClock.Patience));
    }

    [Fact]
    public async Task A_look_up_without_a_permission_fails_and_says_which()
    {
        _server.Always("list pods", Faults.Status(403, "forbidden"));
        await using var system = TestSystem.Start(_server);
        var discovery = Akka.Discovery.Discovery.Get(system.System).LoadServiceDiscovery("kubernetes");

        var failed = await Assert.ThrowsAsync<KubernetesApiException>(() => discovery.Lookup("gw", TestClock.Patience));

        Assert.Contains("Allow verb 'list' on resource 'pods' in namespace 'gateways'", failed.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("port = 0", "akka.discovery.kubernetes.port is 0, but must be from 1 to 65535")]
    [InlineData("host = name", "akka.discovery.kubernetes.host is 'name', but must be ip or dns")]
    [InlineData("label-selector = \"\"", "akka.discovery.kubernetes.label-selector must not be empty")]
    [InlineData("page-size = 501", "akka.discovery.kubernetes.page-size is 501, but must be from 1 to 500")]
    [InlineData("watch-timeout = 0s", "akka.discovery.kubernetes.watch-timeout must be longer than nothing")]
    [InlineData(
        "api-server = \"http://10.0.0.1\"",
        "akka.discovery.kubernetes.api-server is 'http://10.0.0.1', but must be an address that starts"
    )]
    [InlineData("namespace-file = \"/no/such\"", "outside a pod, set akka.discovery.kubernetes.namespace")]
    public async Task A_setting_that_makes_no_sense_is_named(string setting, string problem)
    {
        await using var system = TestSystem.Start(_server, more: $"akka.discovery.kubernetes {{ {setting} }}");
        var config = system.System.Settings.Config.GetConfig(KubernetesDefaults.DiscoveryPath);

        var failed = Assert.Throws<ConfigurationException>(() => new KubernetesDiscovery((ExtendedActorSystem)system.System, config));

        Assert.Contains(problem, failed.Message, StringComparison.Ordinal);
    }

    private static ServiceDiscovery.ResolvedTarget Target(string host, string ip) => new(host, 4100, IPAddress.Parse(ip));
}
