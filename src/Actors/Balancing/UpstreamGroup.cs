using System.Collections.Concurrent;
using System.Net;
using Akka.Actor;
using TlsGateway.Actors.Health;

namespace TlsGateway.Actors.Balancing;

/// <summary>What the generations of one upstream share: its endpoints, the queue before them, its counts, and who looks after their health. Any thread.</summary>
internal sealed class UpstreamGroup(string name)
{
    private readonly ConcurrentDictionary<EndPoint, Endpoint> _endpoints = new();
    private volatile Upstream? _current;

    public string Name { get; } = name;

    public UpstreamQueue Queue { get; } = new();

    public UpstreamCounters Counters { get; } = new();

    /// <summary>The <see cref="UpstreamHealthActor"/>; nobody in tests that have none.</summary>
    public IActorRef Health { get; set; } = ActorRefs.Nobody;

    /// <summary>Of the newest generation.</summary>
    public Upstream? Current => _current;

    /// <summary>The shared endpoint of an address.</summary>
    /// <param name="address">Of it.</param>
    /// <param name="isNew">It was made now.</param>
    public Endpoint EndpointOf(EndPoint address, out bool isNew)
    {
        var made = new Endpoint(address);
        var found = _endpoints.GetOrAdd(address, made);
        isNew = ReferenceEquals(found, made);
        return found;
    }

    /// <summary>Makes <paramref name="next"/> the newest, and forgets the endpoints that it does not have; connections keep theirs.</summary>
    public void Use(Upstream next)
    {
        _current = next;
        foreach (var address in _endpoints.Keys)
        {
            if (!next.Settings.Endpoints.Any(endpoint => endpoint.Address.Equals(address)))
                _endpoints.TryRemove(address, out _);
        }

        Health.Tell(new HealthProtocol.Use(next), ActorRefs.NoSender);
        Queue.WakeAll();
    }

    public void ReportFailures(Endpoint endpoint) => Health.Tell(new HealthProtocol.FailuresReached(endpoint), ActorRefs.NoSender);

    public void TrialSucceeded(Endpoint endpoint) => Health.Tell(new HealthProtocol.TrialSucceeded(endpoint), ActorRefs.NoSender);
}
