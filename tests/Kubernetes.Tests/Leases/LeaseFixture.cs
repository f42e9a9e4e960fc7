using Akka.Coordination;
using TlsGateway.Kubernetes.Api;
using TlsGateway.Kubernetes.Leases;
using TlsGateway.Kubernetes.Tests.Support;

namespace TlsGateway.Kubernetes.Tests.Leases;

/// <summary>An API server and leases of one name on it, on a clock that stands still.</summary>
internal sealed class LeaseFixture : IAsyncDisposable
{
    public const string Name = "fleet";
    public const string Me = "akka.tcp://gw@10.0.0.1:4053";
    public const string Other = "akka.tcp://gw@10.0.0.2:4053";

    /// <summary>No two of them are alike, and no wait between two attempts is as long as an operation may take: so a test can tell waits apart.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    public static readonly TimeSpan Duration = TimeSpan.FromSeconds(30);
    public static readonly TimeSpan Operation = TimeSpan.FromSeconds(6.5);

    private readonly Random _random = new(20260103);
    private readonly ApiServer _client;

    private LeaseFixture(FakeApiServer server)
    {
        Server = server;
        _client = new ApiServer(server.Settings with { RequestTimeout = TimeSpan.FromSeconds(70) }, Clock);
    }

    public FakeApiServer Server { get; }

    public TestClock Clock { get; } = new();

    public TestLog Log { get; } = new();

    public static async Task<LeaseFixture> CreateAsync() => new(await FakeApiServer.StartAsync());

    public KubernetesLease Create(string owner = Me, TimeSpan? observeInterval = null) =>
        new(
            new LeaseSettings(Name, owner, new TimeoutSettings(Interval, Duration, Operation), Akka.Configuration.Config.Empty),
            new LeaseApi(_client, FakeApiServer.Namespace),
            Clock,
            _random.NextDouble,
            Log,
            observeInterval
        );

    /// <summary>Lets the <paramref name="count"/>th wait for a heartbeat pass.</summary>
    public async Task BeatAsync(int count)
    {
        await Clock.WhenWaitingAsync(Interval, Interval, count);
        Clock.Advance(Interval);
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await Server.DisposeAsync();
    }
}
