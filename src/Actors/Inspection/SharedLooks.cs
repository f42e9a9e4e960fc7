namespace TlsGateway.Actors.Inspection;

/// <summary>Has those who ask the same at the same time share one answer. Any thread.</summary>
internal sealed class SharedLooks
{
    private readonly Lock _lock = new();
    private readonly Dictionary<object, Task> _running = [];

    /// <summary>The answer to <paramref name="question"/>; a question is the same when it is equal, and then the answer is of the same type.</summary>
    public Task<T> LookAsync<T>(object question, Func<Task<T>> look)
    {
        lock (_lock)
        {
            if (_running.TryGetValue(question, out var running))
                return (Task<T>)running;
            var started = EndAsync(question, look);
            // One that has ended already is out, or would stay for ever.
            if (!started.IsCompleted)
                _running[question] = started;
            return started;
        }
    }

    private async Task<T> EndAsync<T>(object question, Func<Task<T>> look)
    {
        // Not on the caller's thread, which holds the lock.
        await Task.Yield();
        try
        {
            return await look().ConfigureAwait(false);
        }
        finally
        {
            lock (_lock)
                _running.Remove(question);
        }
    }
}
