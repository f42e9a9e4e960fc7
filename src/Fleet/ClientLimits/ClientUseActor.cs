using Akka.Actor;
using Akka.Cluster;
using Akka.Cluster.Tools.PublishSubscribe;
using TlsGateway.Actors.Limits;

namespace TlsGateway.Fleet.ClientLimits;

/// <summary>
/// Tells the other members what client networks have here, and the data path what they have there. Child of the user guardian, one in each incarnation; where there is no limit it says and keeps nothing. When
/// it ends or crashes, what others said is forgotten, and comes again within a second. Its mailbox gets one message a second from each member.
/// </summary>
internal sealed class ClientUseActor : UntypedActor, IWithTimers
{
    /// <summary>Apart from that of all members' state: these messages are larger.</summary>
    public const string Topic = "client-use";

    /// <summary>Time between two reports: the limit is as far behind.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly IFleetClients _clients;
    private readonly TimeProvider _time;
    private readonly long _began;
    private readonly Cluster _cluster = Cluster.Get(Context.System);
    private readonly IActorRef _mediator = DistributedPubSub.Get(Context.System).Mediator;
    private readonly ClientUseLedger _ledger = new(Patience);
    private ClientUse? _own;
    private bool _saidSomething;
    private long _sequence;

    public ClientUseActor(IFleetClients clients, TimeProvider time) => (_clients, _time, _began) = (clients, time, time.GetTimestamp());

    public ITimerScheduler Timers { get; set; } = null!;

    private TimeSpan Now => _time.GetElapsedTime(_began);

    protected override void PreStart()
    {
        _cluster.Subscribe(
            Self,
            ClusterEvent.SubscriptionInitialStateMode.InitialStateAsEvents,
            typeof(ClusterEvent.MemberRemoved),
            typeof(ClusterEvent.MemberDowned)
        );
        _mediator.Tell(new Subscribe(Topic, Self));
        Timers.StartPeriodicTimer(nameof(Tick), Tick.Instance, Interval);
    }

    protected override void PostStop()
    {
        _cluster.Unsubscribe(Self);
        // Alone, a gateway goes by its own counts.
        Hand(_ledger.Clear());
    }

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case Tick:
                Tell();
                Hand(_ledger.ForgetSilent(Now));
                break;
            case MemberClientUse told when Counts(told):
                Hand(_ledger.Hear(told, Now));
                break;
            case ClusterEvent.IMemberEvent gone:
                Hand(_ledger.Forget(gone.Member.UniqueAddress));
                break;
            default:
                // Our own report, what a newer version says, and that the mediator has subscribed us.
                break;
        }
    }

    private void Tell()
    {
        var members = _cluster.State.Members.Count(static one => one.Status is MemberStatus.Up or MemberStatus.Leaving);
        var own = _clients.Read(members);
        if (own is null || (_own is not null && !own.FitsWith(_own)))
        {
            Hand(_ledger.Clear());
        }
        _own = own;
        var hasSomething = own is { Networks.Count: > 0 };
        if (members > 1 && own is not null && (hasSomething || _saidSomething))
        {
            _mediator.Tell(new Publish(Topic, new MemberClientUse(_cluster.SelfUniqueAddress, ++_sequence, own)));
        }
        _saidSomething = hasSomething;
    }

    private void Hand(IReadOnlyList<NetworkUse> elsewhere)
    {
        if (elsewhere.Count > 0)
        {
            _clients.Hear(elsewhere);
        }
    }

    /// <summary>It is of another member, and of networks that are cut as ours.</summary>
    private bool Counts(MemberClientUse told) =>
        _own is not null
        && told.Use.FitsWith(_own)
        && !told.Member.Equals(_cluster.SelfUniqueAddress)
        && _cluster.State.Members.Any(one => one.UniqueAddress.Equals(told.Member));

    private sealed class Tick : INoSerializationVerificationNeeded
    {
        public static Tick Instance { get; } = new();
    }
}
