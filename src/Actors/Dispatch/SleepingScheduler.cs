using Akka.Actor;
using Akka.Configuration;
using Akka.Dispatch;
using Akka.Event;

namespace TlsGateway.Actors.Dispatch;

/// <summary>
/// Akka's timers on a thread that sleeps until one is due. The wheel that Akka brings ticks whether or not there is anything to do, each time by way of the runtime's timer and a worker of the pool: of an idle gateway that was a third of
/// all it did. Deadlines are rounded up to multiples of <c>akka.scheduler.tick-duration</c>, so that what is due at about the same time is done at once. As with the wheel nothing is early, and what waits when the ActorSystem ends runs
/// then. Named by <c>akka.scheduler.implementation</c>.
/// </summary>
public sealed class SleepingScheduler : SchedulerBase, IDisposable
{
    /// <summary>Guards the queue, and wakes the thread.</summary>
    private readonly object _lock = new();
    private readonly TimerQueue _queue;
    private readonly TimeSpan _shutdownTimeout;
    private readonly Thread _thread;
    private bool _isStopped;

    /// <summary>As Akka makes it.</summary>
    /// <param name="config">Of the ActorSystem.</param>
    /// <param name="log">Gets what an action throws.</param>
    public SleepingScheduler(Config config, ILoggingAdapter log)
        : base(config, log)
    {
        var grain = config.GetTimeSpan("akka.scheduler.tick-duration").Ticks;
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(grain, "akka.scheduler.tick-duration");
        _queue = new TimerQueue(grain);
        _shutdownTimeout = config.GetTimeSpan("akka.scheduler.shutdown-timeout");
        _thread = new Thread(Run) { IsBackground = true, Name = "gateway.timers" };
        _thread.Start();
    }

    public override TimeSpan MonotonicClock => TimeProvider.System.GetElapsedTime(0);

    public override TimeSpan HighResMonotonicClock => TimeProvider.System.GetElapsedTime(0);

    protected override DateTimeOffset TimeNow => TimeProvider.System.GetUtcNow();

    private static long Now => TimeProvider.System.GetElapsedTime(0).Ticks;

    /// <summary>Waits for the thread, and runs what still waits.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            if (_isStopped)
                return;
            _isStopped = true;
            Monitor.Pulse(_lock);
        }

        if (!_thread.Join(_shutdownTimeout))
        {
            Log.Warning("Failed to shutdown scheduler within {0}", _shutdownTimeout);
            return;
        }

        foreach (var timer in _queue.TakeAll())
            Run(timer.Action);
    }

    protected override void InternalScheduleTellOnce(
        TimeSpan delay,
        ICanTell receiver,
        object message,
        IActorRef sender,
        ICancelable? cancelable
    ) => Schedule(delay, TimeSpan.Zero, new Telling(receiver, message, sender), cancelable);

    protected override void InternalScheduleTellRepeatedly(
        TimeSpan initialDelay,
        TimeSpan interval,
        ICanTell receiver,
        object message,
        IActorRef sender,
        ICancelable? cancelable
    ) => Schedule(initialDelay, interval, new Telling(receiver, message, sender), cancelable);

    protected override void InternalScheduleOnce(TimeSpan delay, Action action, ICancelable? cancelable) =>
        Schedule(delay, TimeSpan.Zero, new ActionRunnable(action), cancelable);

    protected override void InternalScheduleOnce(TimeSpan delay, IRunnable action, ICancelable? cancelable) =>
        Schedule(delay, TimeSpan.Zero, action, cancelable);

    protected override void InternalScheduleRepeatedly(TimeSpan initialDelay, TimeSpan interval, Action action, ICancelable? cancelable) =>
        Schedule(initialDelay, interval, new ActionRunnable(action), cancelable);

    protected override void InternalScheduleRepeatedly(
        TimeSpan initialDelay,
        TimeSpan interval,
        IRunnable action,
        ICancelable? cancelable
    ) => Schedule(initialDelay, interval, action, cancelable);

    private void Schedule(TimeSpan delay, TimeSpan interval, IRunnable action, ICancelable? cancelable)
    {
        var now = Now;
        // What never comes is not due before the numbers end.
        var deadline = delay.Ticks > long.MaxValue - now ? long.MaxValue : now + delay.Ticks;
        lock (_lock)
        {
            if (_isStopped)
                throw new SchedulerException("the scheduler has stopped");
            var next = _queue.Next;
            _queue.Add(new TimerQueue.Timer(deadline, interval.Ticks, action, cancelable));
            if (_queue.Next < next)
                Monitor.Pulse(_lock);
        }
    }

    private void Run()
    {
        while (WaitForNext() is { } action)
            Run(action);
    }

    /// <summary>Null: stopped.</summary>
    private IRunnable? WaitForNext()
    {
        lock (_lock)
        {
            while (!_isStopped)
            {
                var now = Now;
                if (_queue.TryTake(now, out var due))
                    return due.Action;
                if (_queue.Next == long.MaxValue)
                    Monitor.Wait(_lock);
                else
                    Monitor.Wait(_lock, Milliseconds(_queue.Next - now));
            }

            return null;
        }
    }

    /// <summary>Rounded up, and as many as can be waited for at once.</summary>
    private static int Milliseconds(long ticks) =>
        (int)Math.Min(int.MaxValue, (ticks + TimeSpan.TicksPerMillisecond - 1) / TimeSpan.TicksPerMillisecond);

    private void Run(IRunnable action)
    {
        try
        {
            action.Run();
        }
        catch (SchedulerException)
        {
            // It would schedule more at the end: of an actor that is gone.
        }
        catch (Exception e)
        {
            Log.Error(e, "Exception while executing timer task.");
        }
    }

    private sealed class Telling(ICanTell receiver, object message, IActorRef sender) : IRunnable
    {
        public void Run() => receiver.Tell(message, sender);

        public void Execute() => Run();
    }
}
