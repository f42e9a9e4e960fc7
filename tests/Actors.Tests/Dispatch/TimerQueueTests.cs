using Akka.Actor;
using Akka.Dispatch;
using TlsGateway.Actors.Dispatch;

namespace TlsGateway.Actors.Tests.Dispatch;

/// <summary>When what runs, by explicit times.</summary>
public sealed class TimerQueueTests
{
    private const long Grain = 100;

    private readonly TimerQueue _queue = new(Grain);
    private readonly List<string> _ran = [];

    [Fact]
    public void Nothing_is_early_and_what_is_due_together_runs_in_the_order_it_was_asked_for()
    {
        Add("late", 201);
        Add("second", 150);
        Add("third", 101);
        Add("first", 100);
        Assert.Equal(100, _queue.Next);
        Assert.Equal([], RunAt(99));
        Assert.Equal(["first"], RunAt(100));
        Assert.Equal([], RunAt(199));
        Assert.Equal(["second", "third"], RunAt(200));
        Assert.Equal(300, _queue.Next);
        Assert.Equal(["late"], RunAt(1000));
        Assert.Equal(long.MaxValue, _queue.Next);
    }

    [Fact]
    public void What_repeats_keeps_its_rhythm_and_makes_up_for_one_time_only()
    {
        Add("beat", 50, interval: 130);
        Assert.Equal(["beat"], RunAt(100));
        // Due at 180, 310, 440: rounded up each time, never added up.
        Assert.Equal(200, _queue.Next);
        Assert.Equal(["beat"], RunAt(200));
        Assert.Equal(400, _queue.Next);
        Assert.Equal(["beat"], RunAt(5000));
        Assert.Equal([], RunAt(5000));
        Assert.InRange(_queue.Next, 5001, 5200);
    }

    [Fact]
    public void What_is_cancelled_does_not_run_and_does_not_pile_up()
    {
        using Cancelable one = new((IActionScheduler)null!);
        Add("cancelled", 100, cancelable: one);
        using Cancelable repeating = new((IActionScheduler)null!);
        Add("repeats", 100, interval: 100, cancelable: repeating);
        one.Cancel();
        Assert.Equal(["repeats"], RunAt(100));
        repeating.Cancel();
        Assert.Equal([], RunAt(1000));
        Assert.Equal(0, _queue.Count);

        // An actor's receive timeout is one more far away for each message.
        for (var i = 0; i < 100_000; i++)
        {
            Add("far", 1_000_000, cancelable: one);
            Assert.True(_queue.Count <= 1025);
        }
    }

    [Fact]
    public void What_waits_beyond_a_sweep_is_kept()
    {
        using Cancelable cancelled = new((IActionScheduler)null!);
        cancelled.Cancel();
        for (var i = 0; i < 5000; i++)
        {
            Add("kept", 1000 + i);
            Add("dropped", 1000 + i, cancelable: cancelled);
        }

        Assert.Equal(5000, RunAt(10_000).Count);
        Assert.DoesNotContain("dropped", _ran);
    }

    [Fact]
    public void At_the_end_all_that_is_not_cancelled_is_there()
    {
        using Cancelable cancelled = new((IActionScheduler)null!);
        cancelled.Cancel();
        Add("a", 100);
        Add("b", 100, cancelable: cancelled);
        Add("never", long.MaxValue);
        Assert.Equal(2, _queue.TakeAll().Count);
        Assert.Equal(0, _queue.Count);
    }

    private void Add(string name, long deadline, long interval = 0, ICancelable? cancelable = null) =>
        _queue.Add(new TimerQueue.Timer(deadline, interval, new ActionRunnable(() => _ran.Add(name)), cancelable));

    private List<string> RunAt(long now)
    {
        _ran.Clear();
        while (_queue.TryTake(now, out var due))
            due.Action.Run();
        return [.. _ran];
    }
}
