namespace TlsGateway.Transport.Tests;

/// <summary>An action as a work item.</summary>
internal sealed class Work(Action action) : IThreadPoolWorkItem
{
    public void Execute() => action();
}

/// <summary>Posts itself again until told to stop.</summary>
internal sealed class Repeating(EventLoop loop) : IThreadPoolWorkItem
{
    private long _runs;

    public volatile bool Stopped;

    public long Runs => Volatile.Read(ref _runs);

    public void Execute()
    {
        _runs++;
        if (!Stopped)
            loop.Post(this);
    }
}
