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
    private readonly Lock _lock = new();
    private readonly Queue<IRunnable> _queue = new();
    private readonly SemaphoreSlim _wake = new(0);
    private bool _isAsleep;
    private bool _isStopped;

    public FleetExecutor(string id)
        : base(id)
    {
        Thread thread = new(Run) { IsBackground = true, Name = "gateway.fleet" };
        thread.Start();
    }

    /// <exception cref="System.Threading.Tasks.TaskSchedulerException">Never: what comes after the end runs where it comes, so that nothing waits for it in vain.</exception>
    public override void Execute(IRunnable run)
    {
        bool wakes;
        lock (_lock)
        {
            if (!_isStopped)
            {
                _queue.Enqueue(run);
                wakes = _isAsleep;
                _isAsleep = false;
                if (wakes)
                {
                    _wake.Release();
                }
                return;
            }
        }
        ThreadPool.UnsafeQueueUserWorkItem(static late => ((IRunnable)late!).Run(), run);
    }

    public override void Shutdown()
    {
        lock (_lock)
        {
            _isStopped = true;
            _wake.Release();
        }
    }

    private void Run()
    {
        while (true)
        {
            IRunnable? next;
            lock (_lock)
            {
                if (!_queue.TryDequeue(out next))
                {
                    if (_isStopped)
                    {
                        return;
                    }
                    _isAsleep = true;
                }
            }
            if (next is null)
            {
                _wake.Wait();
                continue;
            }
            // A mailbox keeps its actor's failures to itself.
            next.Run();
        }
    }
}

/// <summary>Makes it, for the configuration.</summary>
internal sealed class FleetExecutorConfigurator(Config config, IDispatcherPrerequisites prerequisites)
    : ExecutorServiceConfigurator(config, prerequisites)
{
    public override ExecutorService Produce(string id) => new FleetExecutor(id);
}
