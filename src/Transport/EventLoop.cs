using System.Diagnostics;
using TlsGateway.Transport.Native;

namespace TlsGateway.Transport;

/// <summary>
/// One thread that owns an epoll set, a timer wheel and a buffer pool, and runs the work that is posted to it. A turn is: timers that are due, work up to
/// <see cref="EventLoopOptions.WorkBudget"/>, socket events; it sleeps in epoll_wait when there is none of them.
/// </summary>
/// <remarks>
/// <para><see cref="Post"/>, <see cref="Stop"/>, <see cref="Join"/>, <see cref="Counters"/> and <see cref="ReadTimestamp"/> are for any thread, all else is
/// for the loop's (before <see cref="Start"/>: for the one that sets it up).</para>
/// <para>The end: <see cref="Stop"/> lets the loop run what is queued, close the sockets that are left, drop the timers, and end. Work posted after that
/// runs on the thread that posts it, or on one that is already at it, one item at a time; sockets are closed, buffers can be returned but not rented.</para>
/// </remarks>
public sealed partial class EventLoop : IDisposable
{
    /// <summary>Work that posts itself again for ever must not keep a loop from ending: after so many items the rest is dropped and reported.</summary>
    private const int MaxItemsAfterStop = 1_000_000;

    /// <summary>A look costs 25 ns, a small item a microsecond, one that moves a chunk through TLS 100 microseconds.</summary>
    private const int ItemsPerLookAtTheClock = 4;

    /// <summary>A turn in which others than its own connections notice that it is not back.</summary>
    private const long LongTurnNanos = 1_000_000;

    /// <summary>A wait that ends within this has not slept: the events were there.</summary>
    private const long AtOnceNanos = 100_000;

    /// <summary>How long <see cref="Dispose"/> waits for the thread: far longer than any work item may take.</summary>
    private static readonly TimeSpan DisposeTimeout = TimeSpan.FromSeconds(10);

    [ThreadStatic]
    private static EventLoop? t_current;

    private readonly ISocketEvents _events;
    private readonly Action<Exception>? _onUnhandled;
    private readonly LoopClock _clock;
    private readonly int _workBudget;
    private readonly long _workNanos;
    private readonly Thread _thread;
    private readonly Poller _poller;
    private readonly SocketTable _sockets = new();
    private readonly UsedSockets _used = new();
    private readonly List<SocketHandle> _listeners = [];

    private readonly WorkRing _work = new();
    private readonly ForeignWork _foreignWork = new();

    /// <summary>Handles that were armed while ready, and the list being gone through.</summary>
    private List<SocketHandle> _ready = [];
    private List<SocketHandle> _readyInPass = [];

    /// <summary>A <see cref="LoopPhase"/>.</summary>
    private int _phase;
    private bool _stopRequested;
    private bool _acceptsSockets = true;
    private bool _isDispatching;

    /// <param name="options">Checked here.</param>
    /// <param name="events">Told of readiness.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of range.</exception>
    /// <exception cref="SocketSetupException">The kernel gave no epoll set or eventfd.</exception>
    public EventLoop(EventLoopOptions options, ISocketEvents events)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.WorkBudget, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.WorkTime, TimeSpan.Zero, nameof(options));
        ArgumentNullException.ThrowIfNull(events);
        Name = options.Name;
        Index = options.Index;
        _events = events;
        _onUnhandled = options.OnUnhandled;
        _workBudget = options.WorkBudget;
        _workNanos = options.WorkTime.Ticks * TimeSpan.NanosecondsPerTick;
        _clock = new LoopClock(options.Time);
        Now = _clock.Read();
        Timers = new TimerWheel(Now);
        Buffers = new LoopBufferPool(options.PoolRetainedBytes);
        _thread = new Thread(Run) { IsBackground = true, Name = options.Name };
        _poller = new Poller(options.MaxEventsPerWait);
    }

    /// <summary>The loop whose thread this is, or null.</summary>
    public static EventLoop? Current => t_current;

    public string Name { get; }

    public int Index { get; }

    public bool IsCurrent => t_current == this;

    /// <summary>
    /// Loop time, in nanoseconds on <see cref="EventLoopOptions.Time"/>'s monotonic timestamps: taken when the loop last came back from epoll_wait, so it
    /// lags by the work done since.
    /// </summary>
    public long Now { get; private set; }

    public LoopBufferPool Buffers { get; }

    /// <summary>For bytes that go from socket to socket.</summary>
    public SplicePipePool Pipes { get; } = new();

    public TimerWheel Timers { get; }

    public LoopCounters Counters { get; } = new();

    /// <summary>The clock of <see cref="Now"/>, read afresh. Any thread.</summary>
    public long ReadTimestamp() => _clock.Read();

    /// <summary>Starts the thread.</summary>
    /// <exception cref="InvalidOperationException">It was started or stopped before.</exception>
    public void Start()
    {
        if (Interlocked.CompareExchange(ref _phase, (int)LoopPhase.Running, (int)LoopPhase.Created) != (int)LoopPhase.Created)
            throw new InvalidOperationException($"Event loop {Name} was started or stopped before.");
        _thread.Start();
    }

    /// <summary>
    /// Queues work. Any thread; never throws; what one thread posts runs in its order. Allocates nothing on the loop's own thread, save when its ring
    /// grows. Before <see cref="Start"/> it waits; after the end it runs at once (see the remarks on the class).
    /// </summary>
    public void Post(IThreadPoolWorkItem work)
    {
        if (t_current == this)
        {
            _work.Enqueue(work);
            return;
        }

        _foreignWork.Add(work);

        // Pairs with the fence in Turn: either the loop sees the item before it sleeps, or it is seen asleep here. And with the one in End.
        Interlocked.MemoryBarrier();
        _poller.WakeIfAsleep();
        if (Volatile.Read(ref _phase) == (int)LoopPhase.Ended)
            _foreignWork.RunLate(Execute);
    }

    /// <summary>
    /// Asks the loop to end, and returns. Any thread, the loop's too; again is harmless. A loop that was never started ends within this call.
    /// </summary>
    public void Stop()
    {
        Volatile.Write(ref _stopRequested, true);
        if (Interlocked.CompareExchange(ref _phase, (int)LoopPhase.Running, (int)LoopPhase.Created) == (int)LoopPhase.Created)
        {
            EventLoop? caller = t_current;
            t_current = this;
            End();
            t_current = caller;
            _foreignWork.RunLate(Execute);
            return;
        }

        Interlocked.MemoryBarrier();
        _poller.WakeIfAsleep();
    }

    /// <summary>Waits for the end. On the loop's own thread, or before <see cref="Start"/>, it does not wait.</summary>
    /// <returns>Whether the loop has ended.</returns>
    public bool Join(TimeSpan timeout)
    {
        if (!IsCurrent && !_thread.ThreadState.HasFlag(System.Threading.ThreadState.Unstarted))
            return _thread.Join(timeout);
        return Volatile.Read(ref _phase) == (int)LoopPhase.Ended;
    }

    /// <summary>Stops and waits up to ten seconds; on the loop's own thread it only stops.</summary>
    public void Dispose()
    {
        Stop();
        _ = Join(DisposeTimeout);
    }

    [Conditional("DEBUG")]
    internal void AssertOnLoop() =>
        Debug.Assert(IsCurrent || Volatile.Read(ref _phase) != (int)LoopPhase.Running, "Called off the loop's thread.");

    internal void QueueReady(SocketHandle handle)
    {
        if (handle.IsQueued)
            return;
        handle.IsQueued = true;
        _ready.Add(handle);
    }

    internal void RaiseReadable(SocketHandle handle)
    {
        try
        {
            _events.OnReadable(handle);
        }
        catch (Exception exception)
        {
            ReportUnhandled(exception);
        }
    }

    internal void RaiseWritable(SocketHandle handle)
    {
        try
        {
            _events.OnWritable(handle);
        }
        catch (Exception exception)
        {
            ReportUnhandled(exception);
        }
    }

    private void Run()
    {
        t_current = this;
        while (!Volatile.Read(ref _stopRequested))
            Turn();
        End();
        t_current = null;
        _foreignWork.RunLate(Execute);
    }

    private void Turn()
    {
        Counters.TurnsValue++;
        long began = Now;
        FireTimers();
        RunWork(_workBudget);
        long worked = _clock.Read();
        CountTurn(worked - began);
        bool mayWait = MayWait();
        int count = _poller.Wait(mayWait ? MillisUntilTimer() : 0);
        Now = _clock.Read();

        // What is there at once became ready during the turn, nobody knows when. After a long turn it counts as ready from its start: whoever was waited for could not have been heard.
        bool hasSlept = mayWait && Now - worked > AtOnceNanos;
        DispatchEvents(count, worked - began >= LongTurnNanos && !hasSlept ? began : Now);
        FireReady();
    }

    private void CountTurn(long nanos)
    {
        Counters.BusyNanosValue += nanos;
        Counters.BacklogValue = _work.Count;
        if (nanos > Counters.LongestTurnNanosValue)
            Counters.LongestTurnNanosValue = nanos;
    }

    private void FireTimers()
    {
        bool threw;
        do
        {
            threw = false;
            try
            {
                Timers.Advance(Now);
            }
            catch (Exception exception)
            {
                threw = true;
                ReportUnhandled(exception);
            }
        } while (threw);
    }

    /// <summary>
    /// Runs up to that many items, those that they post included, and begins no more when the time for it is over. Work of other threads queues up behind the
    /// loop's own, so neither starves.
    /// </summary>
    private int RunWork(int budget)
    {
        int left = budget;
        // Now was read when the loop came back from the kernel, just before.
        long until = Now + _workNanos;
        Counters.ForeignPostsValue += _foreignWork.MoveTo(_work, budget);
        while (left > 0)
        {
            if (!_work.TryDequeue(out IThreadPoolWorkItem item))
            {
                Counters.ForeignPostsValue += _foreignWork.MoveTo(_work, left);
                if (!_work.TryDequeue(out item))
                    break;
            }

            left--;
            Execute(item);
            if (left % ItemsPerLookAtTheClock == 0 && _clock.Read() >= until)
                break;
        }

        int done = budget - left;
        Counters.WorkItemsValue += done;
        return done;
    }

    /// <summary>Whether there is nothing left to do; if so the loop counts as asleep, and a post wakes it.</summary>
    private bool MayWait()
    {
        if (_work.Count > 0 || _ready.Count > 0)
            return false;
        _poller.MarkAsleep();

        // Full fence between the mark and the look at the queue, as in Post between the item and the look at the mark.
        Interlocked.MemoryBarrier();
        if (_foreignWork.IsEmpty && !Volatile.Read(ref _stopRequested))
        {
            Counters.WaitsValue++;
            return true;
        }

        _poller.MarkAwake();
        return false;
    }

    /// <summary>For epoll_wait: -1 without a timer. Rounded up, so that the loop does not wake before the timer and go round for nothing.</summary>
    private int MillisUntilTimer()
    {
        const long NanosPerMilli = 1_000_000;
        if (Timers.Count == 0)
            return -1;
        long nanos = Timers.NextDue - _clock.Read();
        if (nanos <= 0)
            return 0;
        long millis = (nanos / NanosPerMilli) + (nanos % NanosPerMilli > 0 ? 1 : 0);
        return (int)Math.Min(millis, int.MaxValue);
    }

    /// <param name="count">Of events.</param>
    /// <param name="readySince">Loop time.</param>
    private void DispatchEvents(int count, long readySince)
    {
        _isDispatching = true;
        for (int i = 0; i < count; i++)
        {
            ulong key = _poller.Event(i, out uint events);
            if (key == Poller.WakeKey)
            {
                Counters.WakeupsValue++;
                continue;
            }

            Counters.EventsValue++;
            _sockets.Find(key)?.OnEdge(events, readySince);
        }

        _isDispatching = false;
    }

    private void FireReady()
    {
        if (_ready.Count == 0)
            return;
        (_ready, _readyInPass) = (_readyInPass, _ready);
        foreach (SocketHandle handle in _readyInPass)
        {
            handle.IsQueued = false;
            handle.FireArmed();
        }

        _readyInPass.Clear();
    }

    private void Execute(IThreadPoolWorkItem item)
    {
        try
        {
            item.Execute();
        }
        catch (Exception exception)
        {
            ReportUnhandled(exception);
        }
    }

    private void ReportUnhandled(Exception exception)
    {
        _ = Interlocked.Increment(ref Counters.UnhandledValue);
        try
        {
            _onUnhandled?.Invoke(exception);
        }
#pragma warning disable RCS1075 // The sink of errors failed: there is nobody left to tell, and the loop must live.
        catch (Exception) { }
#pragma warning restore RCS1075
    }

    private void End()
    {
        DrainWork();
        _acceptsSockets = false;
        _sockets.CloseAll();
        _used.CloseAll(_sockets);
        CountSockets();
        Timers.Clear();
        DrainWork();
        Volatile.Write(ref _phase, (int)LoopPhase.Ended);

        // Either a post from here on sees the phase and runs its item, or the item is seen by the caller's RunLate.
        Interlocked.MemoryBarrier();
        _poller.Dispose();
        Buffers.Dispose();
        Pipes.Close();
    }

    private void DrainWork()
    {
        int left = MaxItemsAfterStop;
        while (left > 0 && RunWork(Math.Min(left, _workBudget)) is var done && done > 0)
            left -= done;
        int dropped = 0;
        while (_work.TryDequeue(out _))
            dropped++;
        if (dropped > 0)
        {
            ReportUnhandled(
                new InvalidOperationException(
                    $"Event loop {Name} dropped {dropped} work items when it stopped: {MaxItemsAfterStop} had run and they kept posting more."
                )
            );
        }
    }

    private enum LoopPhase
    {
        Created,
        Running,
        Ended,
    }
}
