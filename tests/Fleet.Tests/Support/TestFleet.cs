using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Time.Testing;
using TlsGateway.Fleet.Membership;
using TlsGateway.Fleet.Settings;
using TlsGateway.Fleet.SharedWork;

namespace TlsGateway.Fleet.Tests.Support;

/// <summary>Members in one process, on loopback, with their own ActorSystems and mutual TLS; keys age by a clock of the tests.</summary>
internal sealed class TestFleet : IAsyncDisposable
{
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);
    private readonly MemberCertificates _certificates = new();
    private readonly List<FleetAddress> _addresses;
    private readonly Func<FleetSettings, int, FleetSettings> _change;

    /// <param name="members">So many.</param>
    /// <param name="change">What is different from the usual, for each.</param>
    public TestFleet(int members, Func<FleetSettings, int, FleetSettings>? change = null)
    {
        _change = change ?? (static (settings, _) => settings);
        _addresses = [.. FreePorts(members).Select(static port => new FleetAddress("127.0.0.1", port))];
        Hosts = [.. Enumerable.Range(0, members).Select(static i => new TestHost($"member-{i}"))];
        Works = [.. Enumerable.Range(0, members).Select(static _ => new WorkSharing())];
        Nodes =
        [
            .. Enumerable
                .Range(0, members)
                .Select(i => new FleetNode(Settings(i), Hosts[i], Log, Time, static () => 0.5) { Work = Works[i] }),
        ];
    }

    public KeptLog Log { get; } = new();

    public MemberCertificates Certificates => _certificates;

    public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));

    public TestHost[] Hosts { get; }

    public FleetNode[] Nodes { get; }

    /// <summary>What the members do for each other.</summary>
    public WorkSharing[] Works { get; }

    public IReadOnlyList<FleetAddress> Addresses => _addresses;

    public FleetSettings Settings(int member) =>
        _change(
            new FleetSettings
            {
                Bind = new IPEndPoint(IPAddress.Loopback, _addresses[member].Port),
                Advertised = _addresses[member],
                Seeds = _addresses,
                Tls = _certificates.Tls(),
                StableAfter = TimeSpan.FromSeconds(3),
            },
            member
        );

    /// <summary>All are members, and know of each other.</summary>
    public async Task FormAsync()
    {
        foreach (var node in Nodes)
        {
            node.Start();
        }
        await UntilAsync(() => Nodes.All(IsWhole), "all are members", () => Log.ToString());
    }

    private bool IsWhole(FleetNode node) =>
        node.Current is { Standing: FleetStanding.Member } fleet
        && fleet.Members.Count == Nodes.Length
        && fleet.Members.All(static member => member is { Status: "up", Load: not null, Details: not null });

    public static async Task UntilAsync(Func<bool> condition, string what, Func<string>? log = null)
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
                Assert.Fail($"not within {Patience}: {what}\n{log?.Invoke()}");
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(Nodes.Select(static node => node.DisposeAsync().AsTask()));
        _certificates.Dispose();
    }

    private static int[] FreePorts(int count)
    {
        var sockets = Enumerable.Range(0, count).Select(static _ => new TcpListener(IPAddress.Loopback, 0)).ToList();
        sockets.ForEach(static one => one.Start());
        var ports = sockets.Select(static one => ((IPEndPoint)one.LocalEndpoint).Port).ToArray();
        sockets.ForEach(static one => one.Dispose());
        return ports;
    }
}
