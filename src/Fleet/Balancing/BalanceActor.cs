using System.Net;
using Akka.Actor;
using Akka.Cluster;
using Akka.Cluster.Tools.PublishSubscribe;
using TlsGateway.Fleet.Membership;
using TlsGateway.Fleet.Protocol;
using TlsGateway.Fleet.Settings;
using Subscribe = Akka.Cluster.Tools.PublishSubscribe.Subscribe;

namespace TlsGateway.Fleet.Balancing;

/// <summary>
/// Evens out what members have to do. Once a second it compares this member's weight with those that the others tell; if it has too much, it asks lighter ones (through a cluster-aware group router,
/// <see cref="LighterMemberGroup"/>) how many connections they take, and the data path hands over that many. And it answers the same question of others. A member that hangs or is cut off answers nothing and so gets nothing.
/// </summary>
/// <remarks>Child of the user guardian. A crash restarts it: what was granted stands for two seconds. Its mailbox gets a few messages a second from each member.</remarks>
internal sealed class BalanceActor : UntypedActor, IWithTimers
{
    /// <summary>Its name, the same on all members.</summary>
    public const string Name = "balance";

    /// <summary>Questions of one look: so many members share what is handed over, chosen one by one.</summary>
    private const int Questions = 8;

    /// <summary>Connections that are granted at once at most.</summary>
    private const int MaxGrant = 10_000;

    private const int MaxMembers = 1000;

    /// <summary>Whose loops are further behind takes nothing.</summary>
    private static readonly TimeSpan LongDelay = TimeSpan.FromMilliseconds(100);

    /// <summary>What a member said longer ago does not count.</summary>
    private static readonly TimeSpan Stale = TimeSpan.FromSeconds(8);

    private readonly IFleetHost _host;
    private readonly FleetSettings _settings;
    private readonly TimeProvider _time;
    private readonly Placement _placement;
    private readonly Func<double> _random;
    private readonly Cluster _cluster = Cluster.Get(Context.System);
    private readonly IActorRef _mediator = DistributedPubSub.Get(Context.System).Mediator;
    private readonly Dictionary<UniqueAddress, (MemberLoad Load, long At)> _loads = [];
    private readonly Dictionary<string, (IPAddress? Address, long At)> _resolved = new(StringComparer.Ordinal);
    private readonly KnownWeights _weights = new();
    private readonly RelayShare? _share;
    private readonly IActorRef _others;
    private long _looks;
    private long _arrivalsBefore;
    private int _granted;

    public BalanceActor(IFleetHost host, FleetSettings settings, TimeProvider time, Placement placement, Func<double> random)
    {
        (_host, _settings, _time, _placement, _random) = (host, settings, time, placement, random);
        _share = settings.Relaying is { } relaying ? new RelayShare(relaying) : null;
        _others = Context.ActorOf(LighterMemberGroup.Props($"/user/{Name}", new LighterMemberLogic(_weights, random)), "others");
    }

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void PreStart()
    {
        _mediator.Tell(new Subscribe(FleetActor.Topic, Self));
        Timers.StartPeriodicTimer(nameof(Look), Look.Instance, TimeSpan.FromSeconds(1));
        ScheduleRebalance();
    }

    protected override void PostStop() => _placement.Clear();

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case Look:
                Compare();
                break;
            case Rebalance:
                Retire();
                ScheduleRebalance();
                break;
            case MemberLoad load when _loads.ContainsKey(load.Member) || _loads.Count < MaxMembers:
                _loads[load.Member] = (load, _time.GetTimestamp());
                break;
            case RoomQuestion question:
                Sender.Tell(Answer(question));
                break;
            case RoomAnswer { Granted: > 0 } answer:
                Take(answer);
                break;
            case Resolved resolved:
                _resolved[resolved.Answer.Relay.Host] = (resolved.Address, _time.GetTimestamp());
                if (resolved.Address is { } address)
                {
                    Add(resolved.Answer, address);
                }
                break;
            case RelaysEnd end when !end.Member.Equals(_cluster.SelfUniqueAddress):
                _host.CloseRelayed(NameOf(end.Member));
                break;
            case CloseIdleRelays { Count: > 0 } close when !close.Member.Equals(_cluster.SelfUniqueAddress):
                _host.CloseIdleRelayed(NameOf(close.Member), close.Count, close.Idle);
                break;
            case TellCloseIdle tell:
                Send(tell);
                break;
            case TellRelaysEnd:
                _placement.Clear();
                _mediator.Tell(new Publish(FleetActor.Topic, new RelaysEnd(_cluster.SelfUniqueAddress)));
                break;
            default:
                // Details, an answer that grants nothing, the mediator's.
                break;
        }
    }

    private void Compare()
    {
        _looks++;
        _granted = 0;
        var own = _host.ReadLoad();
        var others = Able().ToList();
        foreach (var gone in _loads.Keys.Except(_cluster.State.Members.Select(static one => one.UniqueAddress)).ToList())
        {
            _loads.Remove(gone);
        }
        var arrivals = _placement.Arrivals;
        var arrived = arrivals - _arrivalsBefore;
        _arrivalsBefore = arrivals;
        if (_share is null)
        {
            return;
        }
        _weights.Use(
            MemberWeight.Of(own.Connections, own.HandshakesPerSecond),
            others.Select(static load =>
                KeyValuePair.Create(load.Member.Address, MemberWeight.Of(load.Connections, load.HandshakesPerSecond))
            )
        );
        var share = own.IsDraining ? 0 : _share.Next(_weights.Own, _weights.Others);
        _placement.Use(share, oldest: _looks - 1);
        if (share <= 0)
        {
            return;
        }
        // Twice what came in the last second, if as much is handed over as should be: a burst finds room.
        var wanted = Math.Clamp((int)Math.Ceiling(2 * share * Math.Max(arrived, 8) / Questions), 1, MaxGrant);
        for (var asked = 0; asked < Questions; asked++)
        {
            _others.Tell(new RoomQuestion(_cluster.SelfUniqueAddress, _weights.Own, wanted));
        }
    }

    /// <summary>Members that may take connections, as they were heard.</summary>
    private IEnumerable<MemberLoad> Able()
    {
        var state = _cluster.State;
        foreach (var member in state.Members)
        {
            if (
                member.Status == MemberStatus.Up
                && !member.UniqueAddress.Equals(_cluster.SelfUniqueAddress)
                && !state.Unreachable.Contains(member)
                && _loads.TryGetValue(member.UniqueAddress, out var heard)
                && _time.GetElapsedTime(heard.At) < Stale
                && heard.Load is { IsDraining: false } load
                && load.LoopDelay < LongDelay
            )
            {
                yield return load;
            }
        }
    }

    private RoomAnswer Answer(RoomQuestion question)
    {
        var own = _host.ReadLoad();
        var weight = MemberWeight.Of(own.Connections, own.HandshakesPerSecond) + _granted;
        var isAble = _settings.Relaying is not null && !own.IsDraining && own.LoopDelay < LongDelay && weight < question.Weight;
        var room = _host.Room - _granted;
        var granted = isAble ? (int)Math.Clamp(Math.Min(question.Wanted, room), 0, MaxGrant) : 0;
        _granted += granted;
        return new RoomAnswer(_cluster.SelfUniqueAddress, granted, _settings.Relaying?.Relay ?? default);
    }

    private void Take(RoomAnswer answer)
    {
        var host = answer.Relay.Host;
        if (IPAddress.TryParse(host, out var literal))
        {
            Add(answer, literal);
        }
        else if (_resolved.TryGetValue(host, out var known) && _time.GetElapsedTime(known.At) < TimeSpan.FromSeconds(30))
        {
            if (known.Address is { } address)
            {
                Add(answer, address);
            }
        }
        else if (_resolved.Count < MaxMembers || _resolved.ContainsKey(host))
        {
            _ = ResolveAsync().PipeTo(Self);
        }

        async Task<Resolved> ResolveAsync()
        {
            try
            {
                var all = await Dns.GetHostAddressesAsync(host).ConfigureAwait(false);
                return new Resolved(answer, all.FirstOrDefault());
            }
            catch (System.Net.Sockets.SocketException)
            {
                return new Resolved(answer, Address: null);
            }
        }
    }

    private void Add(RoomAnswer answer, IPAddress address) =>
        _placement.Add(
            new Grant(NameOf(answer.Member), new IPEndPoint(address, answer.Relay.Port), Math.Min(answer.Granted, MaxGrant), _looks)
        );

    /// <summary>To the member of this name, if it is still one.</summary>
    private void Send(TellCloseIdle tell)
    {
        if (_cluster.State.Members.FirstOrDefault(one => NameOf(one.UniqueAddress) == tell.Member) is { } member)
        {
            Context
                .ActorSelection(new RootActorPath(member.Address) / "user" / Name)
                .Tell(new CloseIdleRelays(_cluster.SelfUniqueAddress, tell.Count, tell.Idle));
        }
    }

    /// <summary>As it advertises itself, and as the data path knows it.</summary>
    private static string NameOf(UniqueAddress member) => new FleetAddress(member.Address.Host ?? "", member.Address.Port ?? 0).ToString();

    private void ScheduleRebalance()
    {
        if (_settings.Rebalance is { } rebalance)
        {
            // Members must not all do it at once.
            Timers.StartSingleTimer(nameof(Rebalance), Rebalance.Instance, rebalance.Every * (0.75 + (_random() / 2)));
        }
    }

    private void Retire()
    {
        var rebalance = _settings.Rebalance!;
        var own = _host.ReadLoad();
        var others = Able().ToList();
        if (others.Count == 0 || own.IsDraining)
        {
            return;
        }
        var average = (own.Connections + others.Sum(static load => load.Connections)) / (others.Count + 1.0);
        if (own.Connections <= average * rebalance.Ratio)
        {
            return;
        }
        var count = (int)Math.Min(int.MaxValue, Math.Ceiling(rebalance.Share * (own.Connections - average)));
        _host.Retire(count, rebalance.Idle, rebalance.Old);
    }

    /// <summary>This member is about to end: others close what it relays to them.</summary>
    internal sealed class TellRelaysEnd : INoSerializationVerificationNeeded
    {
        public static TellRelaysEnd Instance { get; } = new();
    }

    /// <summary>This member drains: the one of this name closes some of what is relayed to it.</summary>
    internal sealed record TellCloseIdle(string Member, int Count, TimeSpan Idle) : INoSerializationVerificationNeeded;

    private sealed record Resolved(RoomAnswer Answer, IPAddress? Address) : INoSerializationVerificationNeeded;

    private sealed class Look : INoSerializationVerificationNeeded
    {
        public static Look Instance { get; } = new();
    }

    private sealed class Rebalance : INoSerializationVerificationNeeded
    {
        public static Rebalance Instance { get; } = new();
    }
}
