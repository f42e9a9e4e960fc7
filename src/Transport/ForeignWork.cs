using System.Collections.Concurrent;

namespace TlsGateway.Transport;

/// <summary>
/// What other threads than a loop's own post to it, in the order of each: taken by the loop while it lives; after its end by whoever posts, one item at a time.
/// </summary>
internal sealed class ForeignWork
{
    private readonly ConcurrentQueue<IThreadPoolWorkItem> _items = new();

    /// <summary>1 while a thread runs what was posted after the end.</summary>
    private int _lateRunner;

    /// <summary>Any thread.</summary>
    public bool IsEmpty => _items.IsEmpty;

    /// <summary>Any thread; never throws.</summary>
    public void Add(IThreadPoolWorkItem item) => _items.Enqueue(item);

    /// <summary>Moves up to that many items to the loop's own. For the loop's thread.</summary>
    /// <returns>How many.</returns>
    public int MoveTo(WorkRing own, int limit)
    {
        int taken = 0;
        while (taken < limit && _items.TryDequeue(out IThreadPoolWorkItem? item))
        {
            own.Enqueue(item);
            taken++;
        }

        return taken;
    }

    /// <summary>
    /// Runs what was posted after the loop's end, in order, one at a time: the thread that finds nobody at it does it for all, another returns at once.
    /// </summary>
    /// <param name="execute">Must not throw.</param>
    public void RunLate(Action<IThreadPoolWorkItem> execute)
    {
        while (!_items.IsEmpty && Interlocked.CompareExchange(ref _lateRunner, 1, 0) == 0)
        {
            while (_items.TryDequeue(out IThreadPoolWorkItem? item))
                execute(item);

            // Full fence: whoever posted and found the runner busy is seen by the next look at the queue.
            _ = Interlocked.Exchange(ref _lateRunner, 0);
        }
    }
}
