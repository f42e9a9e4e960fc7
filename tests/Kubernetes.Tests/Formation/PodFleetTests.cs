using System.Net;
using System.Net.Sockets;
using TlsGateway.Fleet;
using TlsGateway.Fleet.Membership;
using TlsGateway.Fleet.Settings;
using TlsGateway.Fleet.Tests.Support;
using TlsGateway.Kubernetes.Tests.Support;

namespace TlsGateway.Kubernetes.Tests.Formation;

/// <summary>Whole members that find each other as pods and begin a fleet by a lease, over the API server's protocol, with mutual TLS between them.</summary>
public sealed class PodFleetTests : IAsyncLifetime
{
    private const string Lease = "members";
    private const int Members = 3;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly MemberCertificates _certificates = new();
    private readonly KeptLog _log = new();
    private readonly List<FleetNode> _nodes = [];
    private FakeApiServer _server = null!;
    private int _port;

    public async ValueTask InitializeAsync()
    {
        _server = await FakeApiServer.StartAsync();
        _port = FreePort();
    }

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_nodes.Select(static node => node.DisposeAsync().AsTask()));
        await _server.DisposeAsync();
        _certificates.Dispose();
    }

    [Fact]
    public async Task Pods_that_start_together_are_one_fleet()
    {
        foreach (var number in Enumerable.Range(1, Members))
        {
            Appear(number);
            Start(number);
        }
        await UntilAsync(() => _nodes.TrueForAll(static node => IsWhole(node, Members)), "one fleet of three");
        Assert.Single(_log.ToString().Split('\n'), static line => line.Contains("this one begins it", StringComparison.Ordinal));
        // The one with the lowest address holds the lease.
        Assert.Equal($"127.0.0.1:{_port}", _server.Leases.HolderOf(Lease));
        // A pod that goes is missed, and one that comes is let in without a lease.
        await _nodes[2].DisposeAsync();
        _server.Pods.Delete("gw-3");
        await UntilAsync(() => IsWhole(_nodes[0], 2) && IsWhole(_nodes[1], 2), "two are left");
        Appear(4);
        Start(4);
        await UntilAsync(() => IsWhole(_nodes[0], 3) && IsWhole(_nodes[3], 3), "another has come");
        Assert.Single(_log.ToString().Split('\n'), static line => line.Contains("this one begins it", StringComparison.Ordinal));
    }

    [Fact]
    public async Task One_of_two_that_are_needed_waits_for_the_other()
    {
        Appear(1);
        var first = Start(1);
        await UntilAsync(() => _log.ToString().Contains("1 members found of the 2", StringComparison.Ordinal), "it waits");
        Assert.Equal(FleetStanding.Joining, first.Current.Standing);
        Assert.Null(_server.Leases.HolderOf(Lease));
        Appear(2);
        Start(2);
        await UntilAsync(() => _nodes.TrueForAll(static node => IsWhole(node, 2)), "two are a fleet");
    }

    [Fact]
    public async Task While_another_holds_the_lease_none_begins()
    {
        // Somewhere out of sight the other half of the pods has begun a fleet.
        _server.Leases.Put(Lease, "10.9.9.9:4053", 3600, "2026-01-01T00:00:00.000000Z");
        Appear(1);
        Appear(2);
        Start(1);
        Start(2);
        await UntilAsync(() => _log.ToString().Contains("another holds the lease", StringComparison.Ordinal), "it is not begun");
        Assert.All(_nodes, static node => Assert.Equal(FleetStanding.Joining, node.Current.Standing));
        _server.Leases.Delete(Lease);
        await UntilAsync(() => _nodes.TrueForAll(static node => IsWhole(node, 2)), "two are a fleet");
    }

    [Fact]
    public async Task An_API_server_that_is_away_for_a_while_delays_and_no_more()
    {
        _server.Always("list pods", Faults.Status(503, "away"));
        Appear(1);
        Appear(2);
        Start(1);
        Start(2);
        await UntilAsync(() => _log.ToString().Contains("could not be looked up", StringComparison.Ordinal), "it is said");
        _server.Always("list pods", null);
        await UntilAsync(() => _nodes.TrueForAll(static node => IsWhole(node, 2)), "two are a fleet");
    }

    private void Appear(int number) => _server.Pods.Put($"gw-{number}", $"127.0.0.{number}");

    private FleetNode Start(int number)
    {
        FleetAddress self = new($"127.0.0.{number}", _port);
        FleetNode node = new(
            new FleetSettings
            {
                Bind = new IPEndPoint(IPAddress.Parse(self.Host), _port),
                Advertised = self,
                Discovery = Discovery(),
                Tls = _certificates.Tls(_certificates.Issue(host: self.Host)),
                StableAfter = TimeSpan.FromSeconds(3),
            },
            new TestHost($"gw-{number}"),
            _log,
            TimeProvider.System
        );
        _nodes.Add(node);
        node.Start();
        return node;
    }

    /// <summary>As the gateway makes it, and where its API server is.</summary>
    private FleetDiscovery Discovery() =>
        new(
            $$"""
            akka.discovery.kubernetes { namespace = "{{FakeApiServer.Namespace}}", label-selector = "app=gw", port = {{_port}}, {{Server}} }
            akka.coordination.lease.kubernetes { namespace = "{{FakeApiServer.Namespace}}", observe-interval = 1s, {{Server}} }
            """,
            KubernetesDefaults.Configuration,
            static (loggers, time) => new KubernetesSetup(loggers, time),
            Method: "kubernetes",
            Service: "members",
            LeasePath: KubernetesDefaults.LeasePath,
            LeaseName: Lease,
            ContactPoints: 2
        );

    private string Server =>
        $"api-server = \"{_server.Address}\", ca-file = \"{_server.CaFile}\", token-file = \"{_server.TokenFile}\", retry-longest = 1s";

    private static bool IsWhole(FleetNode node, int members) =>
        node.Current is { Standing: FleetStanding.Member } fleet
        && fleet.Members.Count == members
        && fleet.Members.All(static member => member is { Status: "up", IsReachable: true });

    private async Task UntilAsync(Func<bool> condition, string what)
    {
        using CancellationTokenSource patience = new(Patience);
        using PeriodicTimer poll = new(TimeSpan.FromMilliseconds(50));
        while (!condition())
        {
            try
            {
                await poll.WaitForNextTickAsync(patience.Token);
            }
            catch (OperationCanceledException)
            {
                Assert.Fail($"not within {Patience}: {what}\n{_log}");
            }
        }
    }

    private static int FreePort()
    {
        using TcpListener listener = new(IPAddress.Any, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
