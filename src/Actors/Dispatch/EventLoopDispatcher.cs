using Akka.Dispatch;
using TlsGateway.Transport;

namespace TlsGateway.Actors.Dispatch;

/// <summary>
/// An Akka dispatcher that is one event loop: the loop's thread runs the mailboxes of the actors pinned to it, between two visits to the kernel.
/// One instance per loop; an actor pinned to it never changes threads.
/// </summary>
/// <remarks>
/// <see cref="ExecuteTask"/> must never throw: the mailbox is already marked as scheduled and nothing would reset it. <see cref="Shutdown"/> does nothing: Akka
/// calls it when the last actor is gone, but registered sockets and a later actor need the loop. <see cref="EventLoops"/> stops loops after the ActorSystem.
/// </remarks>
public sealed class EventLoopDispatcher : MessageDispatcher
{
    /// <summary>
    /// Messages per mailbox run. Enough for one connection's burst (readable, data, credit), few enough that no connection holds the loop: with
    /// 256 KiB chunks one run moves at most a few megabytes.
    /// </summary>
    private const int MessagesPerRun = 16;

    private readonly EventLoop _loop;

    internal EventLoopDispatcher(MessageDispatcherConfigurator configurator, string id, EventLoop loop)
        : base(configurator)
    {
        _loop = loop;
        Id = id;
        Throughput = MessagesPerRun;
        // ThroughputDeadlineTime stays null: in Akka 1.5.74 it degrades to one message per run once it has passed.
        ThroughputDeadlineTime = null;
        ShutdownTimeout = TimeSpan.FromSeconds(1);
    }

    protected override void ExecuteTask(IRunnable run) => _loop.Post(run);

    protected override void Shutdown() { }
}
