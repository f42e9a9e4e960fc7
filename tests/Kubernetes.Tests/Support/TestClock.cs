using Microsoft.Extensions.Time.Testing;

namespace TlsGateway.Kubernetes.Tests.Support;

/// <summary>A clock that stands still, and tells which waits have begun on it.</summary>
internal sealed class TestClock : FakeTimeProvider
{
    /// <summary>For what has to happen; it is long only where a test fails.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly Lock _lock = new();
    private readonly List<TimeSpan> _begun = [];
    private readonly List<(Func<TimeSpan, bool> IsIt, int Count, TaskCompletionSource<TimeSpan> Found)> _waiting = [];

    public TestClock()
        : base(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero)) { }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = base.CreateTimer(callback, state, dueTime, period);
        lock (_lock)
        {
            _begun.Add(dueTime);
            foreach (var waiting in _waiting)
            {
                Look(waiting.IsIt, waiting.Count, waiting.Found);
            }
        }
        return timer;
    }

    /// <summary>How long the wait is that is the <paramref name="count"/>th between <paramref name="least"/> and <paramref name="most"/>, once it has begun.</summary>
    public Task<TimeSpan> WhenWaitingAsync(TimeSpan least, TimeSpan most, int count = 1)
    {
        TaskCompletionSource<TimeSpan> found = new(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            bool IsIt(TimeSpan due) => due >= least && due <= most;
            _waiting.Add((IsIt, count, found));
            Look(IsIt, count, found);
        }
        return WhenFoundAsync(found.Task);
    }

    private async Task<TimeSpan> WhenFoundAsync(Task<TimeSpan> found)
    {
        try
        {
            return await found.WaitAsync(Patience);
        }
        catch (TimeoutException late)
        {
            lock (_lock)
            {
                throw new TimeoutException($"no such wait among {string.Join(", ", _begun)}", late);
            }
        }
    }

    private void Look(Func<TimeSpan, bool> isIt, int count, TaskCompletionSource<TimeSpan> found)
    {
        var fitting = _begun.Where(isIt).Skip(count - 1).Take(1).ToList();
        if (fitting.Count > 0)
        {
            found.TrySetResult(fitting[0]);
        }
    }
}
