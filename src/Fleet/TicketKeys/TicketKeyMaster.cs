using Akka.Actor;
using Akka.Cluster;
using Akka.Cluster.Tools.PublishSubscribe;
using Akka.DistributedData;
using Microsoft.Extensions.Logging;
using TlsGateway.Fleet.Membership;
using TlsGateway.Fleet.Protocol;
using Subscribe = Akka.Cluster.Tools.PublishSubscribe.Subscribe;

namespace TlsGateway.Fleet.TicketKeys;

/// <summary>
/// Makes the fleet's ticket keys; a cluster singleton, on the oldest member. It keeps nothing that the shared data does not have: after a crash or a move it goes on from there. Its mailbox gets one message a
/// second from each member.
/// </summary>
internal sealed class TicketKeyMaster : ReceiveActor, IWithTimers
{
    private static readonly TimeSpan ReplicaPatience = TimeSpan.FromSeconds(3);

    private readonly IFleetHost _host;
    private readonly KeySchedule _schedule;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly Cluster _cluster = Cluster.Get(Context.System);
    private readonly IActorRef _replicator = DistributedData.Get(Context.System).Replicator;
    private readonly Dictionary<UniqueAddress, long> _versions = [];
    private FleetKeySet? _current;

    public TicketKeyMaster(IFleetHost host, KeySchedule schedule, TimeProvider time, ILogger log)
    {
        (_host, _schedule, _time, _log) = (host, schedule, time, log);
        Reading();
    }

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void PreStart()
    {
        DistributedPubSub.Get(Context.System).Mediator.Tell(new Subscribe(FleetActor.Topic, Self));
        _replicator.Tell(Dsl.Subscribe(FleetKeys.Key, Self));
        // Another master may have written what has not come here yet.
        _replicator.Tell(Dsl.Get(FleetKeys.Key, new ReadMajority(ReplicaPatience)));
    }

    /// <summary>Waits for what a majority has; ends with any answer.</summary>
    private void Reading()
    {
        Receive<GetSuccess>(answer => Begin(answer.Get(FleetKeys.Key).Value));
        Receive<NotFound>(_ => Begin(found: null));
        // No majority is reached: what is here has to do, and what another part wrote comes with it when it is back.
        Receive<GetFailure>(_ => Begin(found: null));
        Hearing();
    }

    private void Begin(FleetKeySet? found)
    {
        Take(found);
        Timers.StartPeriodicTimer(nameof(Look), Look.Instance, TimeSpan.Zero, TimeSpan.FromSeconds(1));
        Become(Keeping);
    }

    /// <summary>Looks once a second whether another set is due. Ends with the actor.</summary>
    private void Keeping()
    {
        Receive<Look>(_ =>
        {
            if (_schedule.Next(_current, _host.InheritedKey, _time.GetUtcNow(), AllHave()) is { } next)
            {
                var before = _current;
                _current = next;
                _replicator.Tell(FleetKeys.Write(_cluster.SelfUniqueAddress, next, new WriteMajority(ReplicaPatience)));
                Log(before, next);
            }
        });
        Hearing();
    }

    private void Hearing()
    {
        Receive<MemberLoad>(load => _versions[load.Member] = load.KeysVersion);
        Receive<Changed>(changed => Take(changed.Get(FleetKeys.Key).Value));
        // Details, answers to writes (what was not written to a majority in time still spreads), the mediator's.
        ReceiveAny(static _ => { });
    }

    private void Take(FleetKeySet? set)
    {
        if (set is not null && set.Version > (_current?.Version ?? 0))
        {
            _current = set;
        }
    }

    /// <summary>Every member that is up, also one that is not reached now, opens with the present set.</summary>
    private bool AllHave()
    {
        var members = _cluster.State.Members;
        foreach (var gone in _versions.Keys.Where(address => members.All(one => !one.UniqueAddress.Equals(address))).ToList())
        {
            _versions.Remove(gone);
        }
        return members
            .Where(static one => one.Status is MemberStatus.Up or MemberStatus.Leaving)
            .All(one => _versions.GetValueOrDefault(one.UniqueAddress) >= _current?.Version);
    }

    private void Log(FleetKeySet? before, FleetKeySet next)
    {
        if (next.HasPending)
        {
            _log.FleetKeyMade(next.Version);
        }
        else
        {
            _log.FleetKeySeals(next.Version, before?.Version ?? 0);
        }
    }

    private sealed class Look : INoSerializationVerificationNeeded
    {
        public static Look Instance { get; } = new();
    }
}
