using Akka.Actor;
using TlsGateway.Actors.Connections;
using TlsGateway.Actors.Dispatch;
using TlsGateway.Actors.Inspection;
using TlsGateway.Transport;

namespace TlsGateway.Actors.Tests.Dispatch;

/// <summary>What the data path needs of a dispatcher, checked against the Akka version in use: its base class is lightly documented.</summary>
public sealed class EventLoopDispatcherTests
{
    [Fact]
    public async Task Actors_run_on_their_loops_thread_and_on_no_other()
    {
        await using var loops = new LoopSystem(2);
        for (var loop = 0; loop < 2; loop++)
        {
            var threads = new HashSet<int>();
            var done = new TaskCompletionSource();
            var actor = loops.Start(loop, () => new Recorder(1000, done, _ => threads.Add(Environment.CurrentManagedThreadId)));
            for (var i = 0; i < 1000; i++)
                actor.Tell(i);
            await done.Task.WaitAsync(LoopSystem.Patience);
            Assert.Single(threads);
            var ofLoop = new TaskCompletionSource<int>();
            loops.Loops.Loop(loop).Post(new Work(() => ofLoop.SetResult(Environment.CurrentManagedThreadId)));
            Assert.Equal(await ofLoop.Task.WaitAsync(LoopSystem.Patience), threads.Single());
        }
    }

    [Fact]
    public async Task No_message_is_lost_or_reordered_under_a_hammer_from_two_foreign_threads()
    {
        await using var loops = new LoopSystem(1);
        const int Each = 200_000;
        var last = new int[2];
        var disorder = 0;
        var done = new TaskCompletionSource();
        var actor = loops.Start(
            0,
            () =>
                new Recorder(
                    2 * Each,
                    done,
                    message =>
                    {
                        var (thread, number) = ((int, int))message;
                        if (number != ++last[thread])
                            disorder++;
                    }
                )
        );
        var threads = Enumerable
            .Range(0, 2)
            .Select(thread => new Thread(() =>
            {
                var random = new Random(thread);
                for (var i = 1; i <= Each; i++)
                {
                    actor.Tell((thread, i));
                    // Lets the loop fall asleep now and then, at ever different points.
                    if (random.Next(500) == 0)
                        Thread.SpinWait(random.Next(20_000));
                }
            }))
            .ToList();
        threads.ForEach(t => t.Start());
        await done.Task.WaitAsync(LoopSystem.Patience);
        threads.ForEach(t => t.Join());
        Assert.Equal(0, disorder);
        Assert.Equal([Each, Each], last);
    }

    [Fact]
    public async Task An_actor_that_throws_goes_to_its_supervisor_and_the_loop_lives()
    {
        await using var loops = new LoopSystem(1);
        var stopped = new TaskCompletionSource();
        var bad = loops.Start(0, () => new Supervisor(stopped));
        bad.Tell("throw");
        await stopped.Task.WaitAsync(LoopSystem.Patience);
        var done = new TaskCompletionSource();
        loops.Start(0, () => new Recorder(1, done, _ => { })).Tell(1);
        await done.Task.WaitAsync(LoopSystem.Patience);
        Assert.Empty(loops.Unhandled);
    }

    [Fact]
    public async Task A_dispatcher_that_was_empty_is_used_again()
    {
        await using var loops = new LoopSystem(1);
        for (var round = 0; round < 3; round++)
        {
            var done = new TaskCompletionSource();
            var actor = loops.Start(0, () => new Recorder(1, done, _ => { }));
            actor.Tell(1);
            await done.Task.WaitAsync(LoopSystem.Patience);
            Assert.True(await actor.GracefulStop(LoopSystem.Patience));
        }
    }

    [Fact]
    public async Task The_same_dispatcher_is_handed_out_each_time()
    {
        await using var loops = new LoopSystem(1);
        Assert.Same(loops.System.Dispatchers.Lookup("gateway.loop-0"), loops.System.Dispatchers.Lookup("gateway.loop-0"));
    }

    [Fact]
    public async Task A_system_with_ten_thousand_live_actors_terminates_and_the_loops_end_after_it()
    {
        var loops = new LoopSystem(2);
        var started = new CountdownEvent(10_000);
        var stopped = new CountdownEvent(10_000);
        for (var loop = 0; loop < 2; loop++)
            loops.Start(loop, () => new Parent(5_000, EventLoops.Pin(EventLoop.Current!.Index), started, stopped));
        Assert.True(started.Wait(LoopSystem.Patience));
        await loops.DisposeAsync();
        Assert.Equal(0, stopped.CurrentCount);
    }

    [Fact]
    public async Task Messages_told_on_the_loop_itself_keep_their_order_with_more_than_one_run_holds()
    {
        await using var loops = new LoopSystem(1);
        var seen = new List<int>();
        var done = new TaskCompletionSource();
        var sink = loops.Start(0, () => new Recorder(500, done, m => seen.Add((int)m)));
        loops
            .Loops.Loop(0)
            .Post(
                new Work(() =>
                {
                    for (var i = 0; i < 500; i++)
                        sink.Tell(i);
                })
            );
        await done.Task.WaitAsync(LoopSystem.Patience);
        Assert.Equal(Enumerable.Range(0, 500), seen);
    }

    [Fact]
    public async Task An_order_that_a_connection_left_behind_is_answered()
    {
        await using var loops = new LoopSystem(1);
        using var operatorSide = Inbox.Create(loops.System);
        var queue = new LoopMessageQueue(loops.Loops.Loop(0));
        queue.Enqueue(ActorRefs.Nobody, new Envelope(CloseByOrder.Instance, operatorSide.Receiver));
        queue.Enqueue(ActorRefs.Nobody, new Envelope(SocketReadable.Instance, operatorSide.Receiver));

        queue.CleanUp(ActorRefs.Nobody, new LoopMessageQueue(loops.Loops.Loop(0)));

        Assert.Equal(OrderAnswer.NotFound, operatorSide.Receive(LoopSystem.Patience));
    }

    [Fact]
    public async Task What_another_thread_queued_first_is_taken_before_what_the_loop_queues_after_it()
    {
        await using var loops = new LoopSystem(1);
        var queue = new LoopMessageQueue(loops.Loops.Loop(0));
        var taken = new TaskCompletionSource<List<object>>(TaskCreationOptions.RunContinuationsAsynchronously);
        queue.Enqueue(ActorRefs.Nobody, new Envelope("foreign 1", ActorRefs.NoSender));
        queue.Enqueue(ActorRefs.Nobody, new Envelope("foreign 2", ActorRefs.NoSender));
        loops
            .Loops.Loop(0)
            .Post(
                new Work(() =>
                {
                    var order = new List<object>();
                    queue.Enqueue(ActorRefs.Nobody, new Envelope("local 1", ActorRefs.NoSender));
                    while (queue.TryDequeue(out var envelope))
                        order.Add(envelope.Message);
                    queue.Enqueue(ActorRefs.Nobody, new Envelope("local 2", ActorRefs.NoSender));
                    while (queue.TryDequeue(out var envelope))
                        order.Add(envelope.Message);
                    taken.SetResult(order);
                })
            );
        Assert.Equal<object>(["foreign 1", "foreign 2", "local 1", "local 2"], await taken.Task.WaitAsync(LoopSystem.Patience));
    }

    private sealed class Work(Action run) : IThreadPoolWorkItem
    {
        public void Execute() => run();
    }

    private sealed class Recorder(int count, TaskCompletionSource done, Action<object> record) : UntypedActor
    {
        private int _seen;

        protected override void OnReceive(object message)
        {
            record(message);
            if (++_seen == count)
                done.SetResult();
        }
    }

    private sealed class Supervisor(TaskCompletionSource childStopped) : UntypedActor
    {
        protected override SupervisorStrategy SupervisorStrategy() => Akka.Actor.SupervisorStrategy.StoppingStrategy;

        protected override void OnReceive(object message)
        {
            if (message is Terminated)
            {
                childStopped.SetResult();
                return;
            }

            var child = Context.ActorOf(Props.Create(() => new Thrower()).WithDeploy(EventLoops.Pin(0)));
            Context.Watch(child);
            child.Tell(message);
        }
    }

    private sealed class Thrower : UntypedActor
    {
        protected override void OnReceive(object message) => throw new InvalidOperationException("on purpose");
    }

    private sealed class Parent(int children, Deploy pin, CountdownEvent started, CountdownEvent stopped) : UntypedActor
    {
        protected override void PreStart()
        {
            for (var i = 0; i < children; i++)
            {
                Context.ActorOf(Props.Create(() => new Child(started, stopped)).WithDeploy(pin));
            }
        }

        protected override void OnReceive(object message) { }
    }

    private sealed class Child(CountdownEvent started, CountdownEvent stopped) : UntypedActor
    {
        protected override void PreStart() => started.Signal();

        protected override void PostStop() => stopped.Signal();

        protected override void OnReceive(object message) { }
    }
}
