using Akka.Actor;

namespace TlsGateway.Actors.Balancing;

/// <summary>Connections of all loops that wait for a place at an endpoint of one upstream, in the order in which they came. Any thread.</summary>
internal sealed class UpstreamQueue
{
    private readonly Lock _lock = new();
    private readonly SortedDictionary<long, Ticket> _waiting = [];
    private long _next;
    private int _count;

    /// <summary>Connections that wait.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>Takes a place at the end.</summary>
    /// <param name="waiter">Is told <see cref="EndpointMayBeFree"/> once it is its turn to try.</param>
    /// <param name="size">Bound.</param>
    /// <returns>Null: the queue is full.</returns>
    public Ticket? TryJoin(IActorRef waiter, int size)
    {
        lock (_lock)
        {
            if (_waiting.Count >= size)
                return null;
            var ticket = new Ticket(_next++, waiter);
            Add(ticket);
            return ticket;
        }
    }

    /// <summary>Waits again at the place it had: another connection was quicker.</summary>
    public void Rejoin(Ticket ticket)
    {
        lock (_lock)
            Add(ticket);
    }

    /// <summary>Waits no more. One whose turn had come hands it on.</summary>
    public void Leave(Ticket ticket)
    {
        lock (_lock)
        {
            if (_waiting.Remove(ticket.Number))
            {
                _count = _waiting.Count;
                return;
            }
        }

        WakeOne();
    }

    /// <summary>A place is free: the first may try.</summary>
    public void WakeOne()
    {
        if (Count == 0)
            return;
        Ticket ticket;
        lock (_lock)
        {
            if (_waiting.Count == 0)
                return;
            ticket = _waiting.First().Value;
            _waiting.Remove(ticket.Number);
            _count = _waiting.Count;
        }

        ticket.Waiter.Tell(ticket.Turn, ActorRefs.NoSender);
    }

    /// <summary>An endpoint came back: all may try.</summary>
    public void WakeAll()
    {
        for (var left = Count; left > 0; left--)
            WakeOne();
    }

    private void Add(Ticket ticket)
    {
        _waiting.Add(ticket.Number, ticket);
        _count = _waiting.Count;
    }

    /// <summary>One connection's place.</summary>
    internal sealed class Ticket
    {
        public Ticket(long number, IActorRef waiter)
        {
            (Number, Waiter) = (number, waiter);
            Turn = new EndpointMayBeFree(this);
        }

        public long Number { get; }

        public IActorRef Waiter { get; }

        public EndpointMayBeFree Turn { get; }
    }
}

/// <summary>It is this connection's turn to try again. A connection that has ended meanwhile has left the queue, which handed the turn on.</summary>
internal sealed record EndpointMayBeFree(UpstreamQueue.Ticket Ticket) : IDataPathMessage;
