using Akka.Configuration;
using Akka.Dispatch;
using Akka.Util;

namespace TlsGateway.Fleet;

/// <summary>
/// One thread of its own for a dispatcher of the fleet's ActorSystem. An idle member says a few things a second; on the thread pool each of them wakes a worker, often several for one message after another, and waking costs more than
/// saying. Work runs in the order in which it was queued.
/// </summary>
internal sealed class FleetExecutor : ExecutorService
{
    private readonly Queue<IRunnable> _queue = new();
    private bool _isStopped;

    public FleetExecutor(string id)
        : base(id) => new Thread(Run) { IsBackground = true, Name = "gateway.fleet" }.Start();

    public override void Execute(IRunnable run)
    {
        lock (_queue)
        {
            if (!_isStopped)
            {
                _queue.Enqueue(run);
                Monitor.Pulse(_queue);
                return;
            }
        }
        // What comes after the end runs elsewhere, so that nobody waits for it in vain.
        ThreadPool.UnsafeQueueUserWorkItem(static late => ((IRunnable)late!).Run(), run);
    }

    public override void Shutdown()
    {
        lock (_queue)
        {
            _isStopped = true;
            Monitor.Pulse(_queue);
        }
    }

    private void Run()
    {
        while (Next() is { } run)
        {
            // A mailbox keeps its actor's failures to itself.
            run.Run();
        }
    }

    /// <summary>Waits for it; null: stopped, and all has run.</summary>
    private IRunnable? Next()
    {
        lock (_queue)
        {
            while (_queue.Count == 0 && !_isStopped)
            {
                Monitor.Wait(_queue);
            }
            return _queue.TryDequeue(out var next) ? next : null;
        }
    }
}

/// <summary>Makes it, for the configuration.</summary>
internal sealed class FleetExecutorConfigurator(Config config, IDispatcherPrerequisites prerequisites)
    : ExecutorServiceConfigurator(config, prerequisites)
{
    public override ExecutorService Produce(string id) => new FleetExecutor(id);
}
