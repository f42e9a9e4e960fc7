using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Akka.Actor;
using Akka.Dispatch.MessageQueues;
using TlsGateway.Actors.Buffers;
using TlsGateway.Actors.Inspection;
using TlsGateway.Transport;

namespace TlsGateway.Actors.Dispatch;

/// <summary>
/// The message queue of an actor on an event loop. Messages from the loop's own thread (nearly all: both legs of a connection live there) go to a small
/// ring without a lock; messages from other threads go to a concurrent queue that is made when the first one comes, and as long as one waits there the
/// loop's own go behind it. So what was queued first is taken first, also when one sender's messages come by two threads (Akka replays from another
/// thread what was told to an actor before it had started).
/// </summary>
/// <remarks>
/// Akka's default queue costs 1.1 KiB per idle actor (a ConcurrentQueue segment); this one 150 bytes. What is still queued when the actor stops is disposed:
/// an <see cref="AppData"/> owns a pooled buffer. Who gave an order that is still queued learns that the connection has ended.
/// </remarks>
internal sealed class LoopMessageQueue(EventLoop loop) : IMessageQueue, Akka.Dispatch.IUnboundedMessageQueueSemantics
{
    private const int InitialSlots = 4;

    private Envelope[] _ring = new Envelope[InitialSlots];
    private int _head;
    private int _ringCount;
    private ConcurrentQueue<Envelope>? _foreign;

    public bool HasMessages => Volatile.Read(ref _ringCount) != 0 || _foreign is { IsEmpty: false };

    public int Count => Volatile.Read(ref _ringCount) + (_foreign?.Count ?? 0);

    public void Enqueue(IActorRef receiver, Envelope envelope)
    {
        if (loop.IsCurrent && _foreign is not { IsEmpty: false })
            EnqueueLocal(envelope);
        else
            ForeignQueue().Enqueue(envelope);
    }

    public bool TryDequeue(out Envelope envelope)
    {
        if (_ringCount != 0)
        {
            envelope = _ring[_head];
            _ring[_head] = default;
            _head = (_head + 1) & (_ring.Length - 1);
            _ringCount--;
            return true;
        }

        if (_foreign is { } foreign)
            return foreign.TryDequeue(out envelope);
        envelope = default;
        return false;
    }

    public void CleanUp(IActorRef owner, IMessageQueue deadletters)
    {
        while (TryDequeue(out var envelope))
        {
            if (envelope.Message is IDisposable owned)
                owned.Dispose();
            else if (envelope.Message is IConnectionOrderMessage)
                envelope.Sender.Tell(OrderAnswer.NotFound, ActorRefs.NoSender);
            else if (envelope.Message is not IDataPathMessage)
                deadletters.Enqueue(owner, envelope);
        }
    }

    private void EnqueueLocal(Envelope envelope)
    {
        if (_ringCount == _ring.Length)
            Grow();
        _ring[(_head + _ringCount) & (_ring.Length - 1)] = envelope;
        _ringCount++;
    }

    private void Grow()
    {
        var larger = new Envelope[_ring.Length * 2];
        for (var i = 0; i < _ringCount; i++)
            larger[i] = _ring[(_head + i) & (_ring.Length - 1)];
        _ring = larger;
        _head = 0;
    }

    [SuppressMessage("Usage", "VSTHRD002", Justification = "no task is waited for")]
    private ConcurrentQueue<Envelope> ForeignQueue()
    {
        var queue = Volatile.Read(ref _foreign);
        if (queue is not null)
            return queue;
        var made = new ConcurrentQueue<Envelope>();
        return Interlocked.CompareExchange(ref _foreign, made, null) ?? made;
    }
}
