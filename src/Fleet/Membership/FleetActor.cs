using Akka.Actor;
using Akka.Cluster;
using Akka.Cluster.Tools.PublishSubscribe;
using Akka.DistributedData;
using TlsGateway.Fleet.Protocol;
using TlsGateway.Fleet.TicketKeys;
using Subscribe = Akka.Cluster.Tools.PublishSubscribe.Subscribe;

namespace TlsGateway.Fleet.Membership;

/// <summary>
/// Tells the other members how this one is, hears how they are, and hands on what they share. Child of the user guardian, one in each incarnation. A crash restarts it and loses what was heard, which comes
/// again within seconds. Its mailbox gets one message a second from each member.
/// </summary>
internal sealed class FleetActor : UntypedActor, IWithTimers
{
    /// <summary>What all members hear.</summary>
    public const string Topic = "fleet";

    /// <summary>Details are told again after so many ticks even when nothing changed: a member may have come or missed them.</summary>
    private const int TellAgainAfter = 10;

    /// <summary>A load that is as it was is told every third tick: most of what an idle fleet costs is waking up to hear that nothing has changed.</summary>
    private const int TellUnchangedAfter = 3;

    /// <summary>Members that are kept in mind; far above what a cluster of this kind can be.</summary>
    private const int MaxMembers = 1000;

    private readonly IFleetHost _host;
    private readonly TimeProvider _time;
    private readonly Action<FleetSnapshot> _publish;
    private readonly Cluster _cluster = Cluster.Get(Context.System);
    private readonly IActorRef _mediator = DistributedPubSub.Get(Context.System).Mediator;
    private readonly Dictionary<UniqueAddress, Heard> _heard = [];
    private LocalDetails? _told;
    private LocalLoad _toldLoad;
    private long _toldVersion = -1;
    private int _unchanged;
    private long _sequence;
    private int _ticks;
    private FleetStanding _standing = FleetStanding.Joining;
    private DateTimeOffset _since;

    public FleetActor(IFleetHost host, TimeProvider time, Action<FleetSnapshot> publish)
    {
        (_host, _time, _publish) = (host, time, publish);
        _since = time.GetUtcNow();
    }

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void PreStart()
    {
        _cluster.Subscribe(
            Self,
            ClusterEvent.SubscriptionInitialStateMode.InitialStateAsEvents,
            typeof(ClusterEvent.IMemberEvent),
            typeof(ClusterEvent.IReachabilityEvent)
        );
        _mediator.Tell(new Subscribe(Topic, Self));
        DistributedData.Get(Context.System).Replicator.Tell(Dsl.Subscribe(FleetKeys.Key, Self));
        Timers.StartPeriodicTimer(nameof(Tick), Tick.Instance, TimeSpan.Zero, TimeSpan.FromSeconds(1));
    }

    protected override void PostStop() => _cluster.Unsubscribe(Self);

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case Tick:
                Tell();
                Publish();
                break;
            case MemberLoad load:
                Hear(
                    load.Member,
                    load.Sequence,
                    heard => heard with { Load = load, LoadSequence = load.Sequence },
                    static heard => heard.LoadSequence
                );
                break;
            case MemberDetails details:
                Hear(
                    details.Member,
                    details.Sequence,
                    heard => heard with { Details = details.About, DetailsSequence = details.Sequence },
                    static heard => heard.DetailsSequence
                );
                break;
            case Changed changed when changed.Key.Equals(FleetKeys.Key):
                _host.UseKeys(changed.Get(FleetKeys.Key).Value);
                // The member that makes keys waits for nothing else.
                Tell();
                break;
            case ClusterEvent.MemberRemoved removed:
                _heard.Remove(removed.Member.UniqueAddress);
                Publish();
                break;
            case ClusterEvent.IMemberEvent or ClusterEvent.IReachabilityEvent:
                Publish();
                break;
            default:
                // What a newer version says, and that the mediator has subscribed us.
                break;
        }
    }

    private void Tell()
    {
        var (load, version) = (_host.ReadLoad(), _host.KeysVersion);
        // To ten milliseconds: that it is never the same to the last one is no news.
        var rounded = load with
        {
            LoopDelay = TimeSpan.FromMilliseconds(Math.Round(load.LoopDelay.TotalMilliseconds / 10) * 10),
        };
        if (rounded != _toldLoad || version != _toldVersion || ++_unchanged == TellUnchangedAfter)
        {
            (_toldLoad, _toldVersion, _unchanged) = (rounded, version, 0);
            TellLoad(load, version);
        }
        TellDetails();
    }

    private void TellLoad(in LocalLoad load, long version) =>
        Say(
            new MemberLoad(
                _cluster.SelfUniqueAddress,
                ++_sequence,
                load.Connections,
                load.HandshakesPerSecond,
                load.LoopDelay,
                load.IsDraining,
                version,
                load.Stalled
            )
            {
                Relayed = load.Relayed,
            }
        );

    private void TellDetails()
    {
        var details = _host.ReadDetails();
        if (_ticks++ % TellAgainAfter == 0 || _told is null || !IsSame(_told, details))
        {
            _told = details;
            Say(new MemberDetails(_cluster.SelfUniqueAddress, _sequence, details));
        }
    }

    private void Say(object what) => _mediator.Tell(new Publish(Topic, what));

    private void Hear(UniqueAddress member, long sequence, Func<Heard, Heard> change, Func<Heard, long> last)
    {
        var heard = _heard.GetValueOrDefault(member);
        if (heard is null && _heard.Count >= MaxMembers || heard is not null && sequence < last(heard))
        {
            return;
        }
        _heard[member] = change(heard ?? new Heard()) with { At = _time.GetTimestamp() };
    }

    private void Publish()
    {
        var state = _cluster.State;
        var self = state.Members.FirstOrDefault(one => one.UniqueAddress.Equals(_cluster.SelfUniqueAddress));
        var standing = self?.Status switch
        {
            MemberStatus.Up => FleetStanding.Member,
            MemberStatus.Leaving or MemberStatus.Exiting => FleetStanding.Leaving,
            MemberStatus.Down or MemberStatus.Removed => FleetStanding.Lost,
            _ => FleetStanding.Joining,
        };
        if (standing != _standing)
        {
            (_standing, _since) = (standing, _time.GetUtcNow());
        }
        var oldest = state
            .Members.Where(static one => one.Status is MemberStatus.Up or MemberStatus.Leaving)
            .OrderBy(static one => one, AgeOrder)
            .FirstOrDefault();
        _publish(
            new FleetSnapshot(standing, _since, [.. state.Members.Select(Describe).OrderBy(static one => one.Name, StringComparer.Ordinal)])
        );

        MemberSnapshot Describe(Member member)
        {
            var heard = _heard.GetValueOrDefault(member.UniqueAddress);
            var isSelf = ReferenceEquals(member, self);
            return new MemberSnapshot
            {
                Address = new Settings.FleetAddress(member.Address.Host ?? "", member.Address.Port ?? 0).ToString(),
                Status = member.Status == MemberStatus.WeaklyUp ? "weakly_up" : member.Status.ToString().ToLowerInvariant(),
                IsReachable = !state.Unreachable.Contains(member),
                IsSelf = isSelf,
                IsOldest = oldest is not null && oldest.UniqueAddress.Equals(member.UniqueAddress),
                HeardAgo = heard is null ? null : _time.GetElapsedTime(heard.At),
                Load = heard?.Load,
                Details = heard?.Details,
            };
        }
    }

    private static readonly Comparer<Member> AgeOrder = Comparer<Member>.Create(
        static (left, right) =>
            left.IsOlderThan(right) ? -1
            : right.IsOlderThan(left) ? 1
            : 0
    );

    /// <summary>But for what changes with time alone.</summary>
    private static bool IsSame(LocalDetails told, LocalDetails now) =>
        told.Phase == now.Phase
        && told.Generation == now.Generation
        && told.ConfigurationDigest == now.ConfigurationDigest
        && told.KeysFrom == now.KeysFrom
        && now.Drain is null
        && told.Drain is null
        && told.Certificates.SequenceEqual(now.Certificates);

    private sealed record Heard
    {
        public long At { get; init; }
        public MemberLoad? Load { get; init; }
        public long LoadSequence { get; init; }
        public LocalDetails? Details { get; init; }
        public long DetailsSequence { get; init; }
    }

    private sealed class Tick : INoSerializationVerificationNeeded
    {
        public static Tick Instance { get; } = new();
    }
}
