using Akka.Actor;
using TlsGateway.Actors.Balancing;

namespace TlsGateway.Actors.Tests.Balancing;

public sealed class UpstreamQueueTests
{
    private readonly UpstreamQueue _queue = new();
    private readonly Waiter _waiter = new();

    [Fact]
    public void The_first_to_come_is_the_first_to_go()
    {
        var tickets = Enumerable.Range(0, 3).Select(_ => _queue.TryJoin(_waiter, size: 3)!).ToList();
        Assert.Null(_queue.TryJoin(_waiter, size: 3));
        for (var i = 0; i < 4; i++)
            _queue.WakeOne();
        Assert.Equal(tickets, _waiter.Turns);
        Assert.Equal(0, _queue.Count);
    }

    [Fact]
    public void One_that_was_too_late_keeps_its_place()
    {
        var tickets = Enumerable.Range(0, 3).Select(_ => _queue.TryJoin(_waiter, size: 3)!).ToList();
        _queue.WakeOne();
        _queue.Rejoin(tickets[0]);
        _queue.WakeAll();
        Assert.Equal([tickets[0], .. tickets], _waiter.Turns);
    }

    [Fact]
    public void A_turn_that_nobody_takes_is_handed_on()
    {
        var tickets = Enumerable.Range(0, 3).Select(_ => _queue.TryJoin(_waiter, size: 3)!).ToList();
        _queue.WakeOne();
        // Its client went while the word was on its way.
        _queue.Leave(tickets[0]);
        Assert.Equal(tickets[..2], _waiter.Turns);
        // This one's turn had not come: nobody's has.
        _queue.Leave(tickets[2]);
        Assert.Equal(tickets[..2], _waiter.Turns);
        Assert.Equal(0, _queue.Count);
    }

    private sealed class Waiter : MinimalActorRef
    {
        public List<UpstreamQueue.Ticket> Turns { get; } = [];

        public override ActorPath Path { get; } = new RootActorPath(Address.AllSystems) / "waiter";

        public override IActorRefProvider Provider => throw new NotSupportedException();

        protected override void TellInternal(object message, IActorRef sender) => Turns.Add(((EndpointMayBeFree)message).Ticket);
    }
}
