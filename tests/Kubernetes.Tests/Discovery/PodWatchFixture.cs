using TlsGateway.Kubernetes.Api;
using TlsGateway.Kubernetes.Discovery;
using TlsGateway.Kubernetes.Tests.Support;

namespace TlsGateway.Kubernetes.Tests.Discovery;

/// <summary>An API server and a watch of its pods, on a clock that stands still.</summary>
internal sealed class PodWatchFixture : IAsyncDisposable
{
    private readonly Random _random = new(20260102);
    private ApiServer? _client;

    public required FakeApiServer Server { get; init; }

    public TestClock Clock { get; } = new();

    public TestLog Log { get; } = new();

    public PodWatch Watch { get; private set; } = null!;

    public IReadOnlyList<string> Names => [.. Watch.Known!.Pods.Select(static pod => pod.Name)];

    public static async Task<PodWatchFixture> CreateAsync(string certifiedName = "127.0.0.1") =>
        new() { Server = await FakeApiServer.StartAsync(certifiedName) };

    public void Start(Func<PodWatchSettings, PodWatchSettings>? with = null, Func<ApiServerSettings, ApiServerSettings>? withServer = null)
    {
        PodWatchSettings settings = new() { Namespace = FakeApiServer.Namespace, LabelSelector = "app=gw" };
        _client = new ApiServer(withServer?.Invoke(Server.Settings) ?? Server.Settings, Clock);
        Watch = new PodWatch(new PodsApi(_client), with?.Invoke(settings) ?? settings, Clock, _random.NextDouble, Log);
    }

    public async Task StartWatchingAsync(Func<PodWatchSettings, PodWatchSettings>? with = null)
    {
        Start(with);
        await UntilAsync(static known => known is { IsWatched: true });
        await Server.Pods.WhenWatchedAsync();
    }

    /// <summary>When that is what is known.</summary>
    public async Task<KnownPods> UntilAsync(Func<KnownPods?, bool> isIt)
    {
        while (true)
        {
            var changed = Watch.Changed;
            var known = Watch.Known;
            if (isIt(known))
            {
                return known!;
            }
            try
            {
                await changed.WaitAsync(TestClock.Patience);
            }
            catch (TimeoutException)
            {
                Assert.Fail($"still {known}; {string.Join(" | ", Log.Lines)}");
            }
        }
    }

    public Task<KnownPods> UntilNamesAsync(params string[] names) =>
        UntilAsync(known => known is not null && known.Pods.Select(static pod => pod.Name).SequenceEqual(names));

    public async ValueTask DisposeAsync()
    {
        if (Watch is not null)
        {
            await Watch.DisposeAsync();
        }
        _client?.Dispose();
        await Server.DisposeAsync();
    }
}
