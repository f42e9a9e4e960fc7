namespace TlsGateway.Kubernetes.Leases;

/// <summary>
/// One operation of a lease at a time, in the order they came. Whoever leaves continues the next one where it stands and not on another thread, which a semaphore does not
/// do: so a test decides every step. Any thread.
/// </summary>
internal sealed class LeaseTurn
{
    private readonly Lock _lock = new();
    private readonly Queue<TaskCompletionSource> _waiting = [];
    private bool _isTaken;

    /// <exception cref="OperationCanceledException">By the task: the wait was given up.</exception>
    public async Task EnterAsync(CancellationToken cancellation)
    {
        TaskCompletionSource turn;
        lock (_lock)
        {
            if (!_isTaken)
            {
                _isTaken = true;
                return;
            }
            turn = new TaskCompletionSource();
            _waiting.Enqueue(turn);
        }
        await using var giveUp = cancellation.UnsafeRegister(
            static (waiting, why) => ((TaskCompletionSource)waiting!).TrySetCanceled(why),
            turn
        );
        await turn.Task;
    }

    public void Leave()
    {
        while (true)
        {
            TaskCompletionSource? next;
            lock (_lock)
            {
                if (!_waiting.TryDequeue(out next))
                {
                    _isTaken = false;
                    return;
                }
            }
            // One that gave up is passed over.
            if (next.TrySetResult())
            {
                return;
            }
        }
    }
}
