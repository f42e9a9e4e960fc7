using Akka.Actor;
using Akka.Dispatch;

namespace TlsGateway.Actors.Dispatch;

/// <summary>What is to run when, in the order of deadlines. Times are in ticks of 100 ns from any beginning. For one thread at a time.</summary>
/// <param name="grain">Deadlines are rounded up to a multiple of it.</param>
internal sealed class TimerQueue(long grain)
{
    /// <summary>What was cancelled is dropped when so many wait, from then on when there are twice as many as were left.</summary>
    private const int FewestToSweep = 1024;

    private readonly PriorityQueue<Timer, (long Deadline, long Number)> _timers = new();
    private long _number;
    private int _sweepAt = FewestToSweep;

    /// <summary>How many wait, those among them that are cancelled and not yet dropped.</summary>
    public int Count => _timers.Count;

    /// <summary>When the next is due; the greatest number there is: none waits.</summary>
    public long Next => _timers.TryPeek(out _, out var due) ? due.Deadline : long.MaxValue;

    /// <param name="timer">Runs at its deadline, and again each time that its interval is over.</param>
    public void Add(Timer timer)
    {
        if (_timers.Count >= _sweepAt)
            Sweep();
        // What is due at the same time runs in the order in which it was asked for.
        _timers.Enqueue(timer, (RoundUp(timer.Deadline), _number++));
    }

    /// <summary>Takes one that is due by <paramref name="now"/> and not cancelled; one that repeats stays for its next time. False: there is none.</summary>
    public bool TryTake(long now, out Timer due)
    {
        while (Next <= now)
        {
            due = _timers.Dequeue();
            if (due.IsCancelled)
                continue;
            if (due.Interval > 0)
            {
                // From the time at which it was due, so that it does not drift; of times that were missed only the last is made up for.
                var missed = Math.Max(0, (now - due.Deadline) / due.Interval);
                Add(due with { Deadline = due.Deadline + ((missed + 1) * due.Interval) });
            }

            return true;
        }

        due = default;
        return false;
    }

    /// <summary>Takes all that is not cancelled.</summary>
    public IReadOnlyList<Timer> TakeAll()
    {
        List<Timer> all = [];
        while (_timers.TryDequeue(out var timer, out _))
        {
            if (!timer.IsCancelled)
                all.Add(timer);
        }

        return all;
    }

    private void Sweep()
    {
        var left = _timers.UnorderedItems.Where(static item => !item.Element.IsCancelled).ToArray();
        _timers.Clear();
        _timers.EnqueueRange(left);
        _sweepAt = Math.Max(FewestToSweep, _timers.Count * 2);
    }

    private long RoundUp(long deadline)
    {
        var over = deadline % grain;
        return over == 0 || deadline > long.MaxValue - grain ? deadline : deadline + grain - over;
    }

    /// <param name="Deadline">Not before.</param>
    /// <param name="Interval">0: once.</param>
    /// <param name="Action">Runs.</param>
    /// <param name="Cancelable">Null: it cannot be cancelled.</param>
    internal readonly record struct Timer(long Deadline, long Interval, IRunnable Action, ICancelable? Cancelable)
    {
        public bool IsCancelled => Cancelable is { IsCancellationRequested: true };
    }
}
