using System.Collections.Concurrent;

namespace TlsGateway.Transport.Tests;

/// <summary>A running loop whose readiness callbacks can be awaited, and on which a test runs pieces of code.</summary>
internal sealed class TestLoop : ISocketEvents, IDisposable
{
    /// <summary>Generous: reached only by a test that has failed.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public TestLoop(EventLoopOptions? options = null, bool start = true)
    {
        options ??= new EventLoopOptions { OnUnhandled = Unhandled.Enqueue };
        Loop = new EventLoop(options, this);
        if (start)
            Loop.Start();
    }

    public EventLoop Loop { get; }

    public ConcurrentQueue<Exception> Unhandled { get; } = new();

    /// <summary>Called on the loop thread.</summary>
    public Action<SocketHandle> Readable { get; set; } = _ => { };

    public Action<SocketHandle> Writable { get; set; } = _ => { };

    public void OnReadable(SocketHandle handle) => Readable(handle);

    public void OnWritable(SocketHandle handle) => Writable(handle);

    /// <summary>Runs code on the loop and waits for its result; its exception is rethrown here.</summary>
    public T Run<T>(Func<T> code)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        Loop.Post(
            new Work(() =>
            {
                try
                {
                    done.SetResult(code());
                }
                catch (Exception exception)
                {
                    done.SetException(exception);
                }
            })
        );
        return Await(done.Task);
    }

    public void Run(Action code) =>
        Run(() =>
        {
            code();
            return true;
        });

    /// <summary>Arms a direction and waits for its callback.</summary>
    public void AwaitReadable(SocketHandle handle)
    {
        var seen = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Run(() =>
        {
            Readable = ready =>
            {
                if (ready == handle)
                    seen.TrySetResult();
            };
            handle.NotifyReadable();
        });
        Await(seen.Task);
    }

    public void AwaitWritable(SocketHandle handle)
    {
        var seen = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Run(() =>
        {
            Writable = ready =>
            {
                if (ready == handle)
                    seen.TrySetResult();
            };
            handle.NotifyWritable();
        });
        Await(seen.Task);
    }

    /// <summary>Returns once the loop has been round its sockets at least once since the call.</summary>
    public void AwaitEventPass()
    {
        // Read on the loop: a turn seen from here may be the one that runs the next item too, and the loop then sleeps without beginning another.
        long turn = Run(() => Loop.Counters.Turns);
        AwaitOnLoop(() => Loop.Counters.Turns > turn);
    }

    /// <summary>Runs passes until a condition of the loop holds.</summary>
    public void AwaitOnLoop(Func<bool> condition)
    {
        long deadline = Environment.TickCount64 + (long)Patience.TotalMilliseconds;
        while (!Run(condition))
            Assert.True(Environment.TickCount64 < deadline, "The condition never came to hold.");
    }

    public void Dispose()
    {
        Loop.Dispose();
        Assert.True(Loop.Join(TimeSpan.Zero), "The loop did not end.");
    }

    public static T Await<T>(Task<T> task)
    {
        Assert.True(task.ContinueWith(_ => { }, TaskScheduler.Default).Wait(Patience), "Waited in vain.");
        return task.GetAwaiter().GetResult();
    }

    public static void Await(Task task)
    {
        Assert.True(task.ContinueWith(_ => { }, TaskScheduler.Default).Wait(Patience), "Waited in vain.");
        task.GetAwaiter().GetResult();
    }

    public static void SpinUntil(Func<bool> condition) =>
        Assert.True(SpinWait.SpinUntil(condition, Patience), "The condition never came to hold.");
}
