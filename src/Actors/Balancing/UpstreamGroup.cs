using System.Collections.Concurrent;
using System.Net;
using Akka.Actor;
using TlsGateway.Actors.Health;
using TlsGateway.Actors.Metrics;
using TlsGateway.Actors.Names;
using TlsGateway.Actors.Settings;

namespace TlsGateway.Actors.Balancing;

/// <summary>What the generations of one upstream share: its endpoints, the queue before them, its counts, and who looks after their health. Any thread.</summary>
internal sealed class UpstreamGroup(string name)
{
    private readonly ConcurrentDictionary<EndPoint, Endpoint> _endpoints = new();
    private readonly ConcurrentDictionary<ConfiguredEndpoint.Key, ConfiguredEndpoint> _configured = new();
    private volatile Upstream? _current;

    public string Name { get; } = name;

    public UpstreamQueue Queue { get; } = new();

    public UpstreamCounters Counters { get; } = new();

    /// <summary>Where durations are recorded; null: nowhere.</summary>
    public EventHistograms? Events { get; set; }

    /// <summary>The <see cref="UpstreamHealthActor"/>; nobody in tests that have none.</summary>
    public IActorRef Health { get; set; } = ActorRefs.Nobody;

    /// <summary>The <see cref="UpstreamNamesActor"/>; nobody where names are not looked up again.</summary>
    public IActorRef Names { get; set; } = ActorRefs.Nobody;

    /// <summary>Of the newest generation.</summary>
    public Upstream? Current => _current;

    /// <summary>What the newest generation's configuration has.</summary>
    public IEnumerable<ConfiguredEndpoint> Configured => _configured.Values;

    /// <summary>The shared endpoint of an address.</summary>
    public Endpoint EndpointOf(EndpointSettings settings)
    {
        var endpoint = _endpoints.GetOrAdd(settings.Address, static one => new Endpoint(one));
        endpoint.Configured = _configured.GetOrAdd(
            ConfiguredEndpoint.NameOf(settings),
            static (key, group) => new ConfiguredEndpoint(group.Name, key, group.Counters.Endpoints),
            this
        );
        return endpoint;
    }

    /// <summary>Makes <paramref name="next"/> the newest.</summary>
    public void Use(Upstream next)
    {
        _current = next;
        var names = next.Described.Select(static one => ConfiguredEndpoint.NameOf(one.Settings)).ToHashSet();
        foreach (var gone in _configured.Keys.Where(key => !names.Contains(key)))
            _configured.TryRemove(gone, out _);
        Names.Tell(new UpstreamNamesActor.Use(next), ActorRefs.NoSender);
        EndpointsChanged(next);
    }

    /// <summary>Forgets the endpoints that the newest generation does not have; connections keep theirs.</summary>
    public void EndpointsChanged(Upstream upstream)
    {
        if (upstream != _current)
            return;
        foreach (var (address, endpoint) in _endpoints)
        {
            if (!upstream.Endpoints.Contains(endpoint))
                _endpoints.TryRemove(address, out _);
        }

        Health.Tell(new HealthProtocol.Use(upstream), ActorRefs.NoSender);
        Queue.WakeAll();
    }

    public void ReportFailures(Endpoint endpoint) => Health.Tell(new HealthProtocol.FailuresReached(endpoint), ActorRefs.NoSender);

    public void TrialSucceeded(Endpoint endpoint) => Health.Tell(new HealthProtocol.TrialSucceeded(endpoint), ActorRefs.NoSender);
}
