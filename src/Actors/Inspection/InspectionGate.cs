namespace TlsGateway.Actors.Inspection;

/// <summary>
/// Lets questions to one loop through one at a time, and no more of them than take one part in <see cref="Share"/> of the loop's time: however many people look, connections notice nothing. One page of ten
/// thousand connections is answered at once, and paid for afterwards (<see cref="Credit"/>). Any thread.
/// </summary>
/// <param name="time">What pauses are held against.</param>
/// <param name="maxWaiting">Questions that may wait; one more is refused.</param>
internal sealed class InspectionGate(TimeProvider time, int maxWaiting = 256)
{
    /// <summary>Of a loop's time, for all who look together.</summary>
    public const int Share = 20;

    /// <summary>Of a loop's time that may be taken before a pause is made; between two questions the loop does all else.</summary>
    public static readonly TimeSpan Credit = TimeSpan.FromMilliseconds(5);

    /// <summary>A shorter pause than this is not worth a timer: it is made with the next one.</summary>
    private static readonly TimeSpan s_shortest = TimeSpan.FromMilliseconds(1);

    private readonly Lock _lock = new();
    private Task _last = Task.CompletedTask;
    private int _waiting;
    private TimeSpan _owed;
    private long _since = time.GetTimestamp();

    /// <summary>Asks when it is this question's turn.</summary>
    /// <param name="ask">The question; the answer says how long the loop took.</param>
    /// <exception cref="InspectionBusyException">Too many wait.</exception>
    public async Task<T> AskAsync<T>(Func<Task<InspectionProtocol.Timed<T>>> ask)
    {
        var mine = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Task before;
        lock (_lock)
        {
            if (_waiting >= maxWaiting)
                throw new InspectionBusyException();
            _waiting++;
            (before, _last) = (_last, mine.Task);
        }

        await before.ConfigureAwait(false);
        lock (_lock)
            _waiting--;
        try
        {
            Forgive();
            if (_owed - (Credit * (Share - 1)) is var due && due >= s_shortest)
                await Task.Delay(due, time).ConfigureAwait(false);
            var answer = await ask().ConfigureAwait(false);
            Forgive();
            _owed += TimeSpan.FromTicks(answer.Nanos / TimeSpan.NanosecondsPerTick * (Share - 1));
            return answer.Answer;
        }
        finally
        {
            mine.SetResult();
        }
    }

    /// <summary>What has passed since the last look is owed no more.</summary>
    private void Forgive()
    {
        var now = time.GetTimestamp();
        var left = _owed - time.GetElapsedTime(_since, now);
        (_owed, _since) = (left > TimeSpan.Zero ? left : TimeSpan.Zero, now);
    }
}

/// <summary>Too many look at the gateway at once; to be tried again.</summary>
public sealed class InspectionBusyException() : InvalidOperationException("Too many questions wait for an answer. Try again in a second.");
