using System.Collections.Concurrent;
using System.Net;
using Akka.Actor;
using TlsGateway.Actors.Health;
using TlsGateway.Actors.Metrics;
using TlsGateway.Actors.Names;

namespace TlsGateway.Actors.Balancing;

/// <summary>What the generations of one upstream share: its endpoints, the queue before them, its counts, and who looks after their health. Any thread.</summary>
internal sealed class UpstreamGroup(string name)
{
    private readonly ConcurrentDictionary<EndPoint, Endpoint> _endpoints = new();
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

    /// <summary>The shared endpoint of an address.</summary>
    public Endpoint EndpointOf(EndPoint address) => _endpoints.GetOrAdd(address, static one => new Endpoint(one));

    /// <summary>Makes <paramref name="next"/> the newest.</summary>
    public void Use(Upstream next)
    {
        _current = next;
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
