using System.Collections.Concurrent;
using Microsoft.Extensions.Time.Testing;

namespace TlsGateway.Transport.Tests;

public sealed class EventLoopTests
{
    [Fact]
    public void Two_threads_posting_at_random_intervals_lose_no_item_and_keep_their_order()
    {
        const int Posters = 2;
        const int PerPoster = 200_000;
        using var test = new TestLoop();
        int[] next = new int[Posters];
        int outOfOrder = 0;
        int left = Posters * PerPoster;
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

        var threads = new Thread[Posters];
        for (int poster = 0; poster < Posters; poster++)
        {
            int me = poster;
            threads[poster] = new Thread(() =>
            {
                var random = new Random(me + 1);
                for (int i = 0; i < PerPoster; i++)
                {
                    int sequence = i;
                    test.Loop.Post(
                        new Work(() =>
                        {
                            if (next[me]++ != sequence)
                                outOfOrder++;
                            if (--left == 0)
                                done.SetResult();
                        })
                    );
                    if (random.Next(8) == 0)
                        Thread.SpinWait(random.Next(2000));
                }
            });
        }

        foreach (Thread thread in threads)
            thread.Start();
        TestLoop.Await(done.Task);
        foreach (Thread thread in threads)
            thread.Join();
        Assert.Equal(0, outOfOrder);
        Assert.All(next, count => Assert.Equal(PerPoster, count));
        TestLoop.SpinUntil(() => test.Loop.Counters.ForeignPosts == Posters * PerPoster);
    }

    [Fact]
    public void A_sleeping_loop_wakes_for_every_single_post()
    {
        using var test = new TestLoop();
        var random = new Random(7);
        int runs = 0;
        var item = new Work(() => Volatile.Write(ref runs, runs + 1));
        for (int i = 1; i <= 20_000; i++)
        {
            test.Loop.Post(item);
            int expected = i;
            TestLoop.SpinUntil(() => Volatile.Read(ref runs) == expected);

            // So that the next post hits the loop at every point on its way into epoll_wait.
            Thread.SpinWait(random.Next(300));
        }

        Assert.InRange(test.Loop.Counters.Wakeups, 1, 20_000);
    }

    [Fact]
    public void Work_that_posts_work_runs_it_in_order_on_the_loop()
    {
        using var test = new TestLoop();
        var order = new List<int>();
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        test.Loop.Post(
            new Work(() =>
            {
                for (int i = 0; i < 5000; i++)
                {
                    int sequence = i;
                    test.Loop.Post(new Work(() => order.Add(sequence)));
                }

                test.Loop.Post(new Work(done.SetResult));
            })
        );
        TestLoop.Await(done.Task);
        Assert.Equal(Enumerable.Range(0, 5000), order);
    }

    [Fact]
    public void Sockets_timers_and_other_threads_are_served_while_an_item_reposts_itself_for_ever()
    {
        using var test = new TestLoop();
        using var connection = Connected.Open();
        SocketHandle handle = test.Run(() => test.Loop.Register(connection.Fd, "owner"));
        var repeating = new Repeating(test.Loop);
        test.Loop.Post(repeating);
        TestLoop.SpinUntil(() => repeating.Runs > 10_000);

        connection.Peer.Send("x"u8);
        test.AwaitReadable(handle);

        var due = new TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously);
        test.Run(() => test.Loop.Timers.Schedule(new Timer(due.SetResult), test.Loop.Now + 1));
        TestLoop.Await(due.Task);

        long runs = repeating.Runs;
        TestLoop.SpinUntil(() => repeating.Runs > runs);
        repeating.Stopped = true;
    }

    [Fact]
    public void A_thrown_exception_is_reported_and_the_loop_lives()
    {
        var unhandled = new ConcurrentQueue<Exception>();
        using var test = new TestLoop(
            new EventLoopOptions
            {
                OnUnhandled = exception =>
                {
                    unhandled.Enqueue(exception);
                    throw new InvalidOperationException("the sink fails too");
                },
            }
        );
        using var connection = Connected.Open();
        test.Loop.Post(new Work(() => throw new FormatException("work")));
        test.Run(() => test.Loop.Timers.Schedule(new Timer(_ => throw new FormatException("timer")), 0));
        test.Readable = _ => throw new FormatException("readable");
        test.Writable = _ => throw new FormatException("writable");
        test.Run(() =>
        {
            SocketHandle handle = test.Loop.Register(connection.Fd, owner: null, isWritable: true);
            handle.NotifyReadable();
            handle.NotifyWritable();
        });
        connection.Peer.Send("x"u8);

        TestLoop.SpinUntil(() => unhandled.Count == 4);
        Assert.Equal(42, test.Run(() => 42));
        Assert.Equal(["readable", "timer", "work", "writable"], unhandled.Select(exception => exception.Message).Order());
        Assert.Equal(4, test.Loop.Counters.Unhandled);
    }

    [Fact]
    public void Stop_runs_what_is_queued_and_what_that_posts()
    {
        using var test = new TestLoop();
        using var gate = new ManualResetEventSlim();
        int ran = 0;
        int nested = 0;
        test.Loop.Post(new Work(() => gate.Wait(TestLoop.Patience)));
        for (int i = 0; i < 2000; i++)
        {
            test.Loop.Post(
                new Work(() =>
                {
                    ran++;
                    test.Loop.Post(new Work(() => nested++));
                })
            );
        }

        test.Loop.Stop();
        test.Loop.Stop();
        gate.Set();
        Assert.True(test.Loop.Join(TestLoop.Patience));
        Assert.Equal(2000, ran);
        Assert.Equal(2000, nested);
    }

    [Fact]
    public void Work_posted_after_the_end_runs_on_the_poster_before_Post_returns()
    {
        using var test = new TestLoop();
        test.Loop.Stop();
        Assert.True(test.Loop.Join(TestLoop.Patience));

        Thread? ranOn = null;
        bool nestedRan = false;
        test.Loop.Post(
            new Work(() =>
            {
                ranOn = Thread.CurrentThread;
                test.Loop.Post(new Work(() => nestedRan = true));
                Assert.False(nestedRan);
                throw new FormatException("late");
            })
        );
        Assert.Same(Thread.CurrentThread, ranOn);
        Assert.True(nestedRan);
        Assert.Equal("late", Assert.Single(test.Unhandled).Message);
    }

    [Fact]
    public void Items_posted_while_the_loop_ends_run_exactly_once_and_never_side_by_side()
    {
        const int Posters = 4;
        const int PerPoster = 500;
        for (int round = 0; round < 50; round++)
        {
            using var test = new TestLoop();
            int running = 0;
            int overlaps = 0;
            int ran = 0;
            using var barrier = new Barrier(Posters + 1);
            var item = new Work(() =>
            {
                if (Interlocked.Increment(ref running) != 1)
                    Interlocked.Increment(ref overlaps);
                ran++;
                Interlocked.Decrement(ref running);
            });
            Thread[] threads = Enumerable
                .Range(0, Posters)
                .Select(_ => new Thread(() =>
                {
                    barrier.SignalAndWait();
                    for (int i = 0; i < PerPoster; i++)
                        test.Loop.Post(item);
                }))
                .ToArray();
            foreach (Thread thread in threads)
                thread.Start();
            barrier.SignalAndWait();
            test.Loop.Stop();
            foreach (Thread thread in threads)
                thread.Join();
            Assert.True(test.Loop.Join(TestLoop.Patience));
            TestLoop.SpinUntil(() => Volatile.Read(ref ran) == Posters * PerPoster);
            Assert.Equal(0, overlaps);
        }
    }

    [Fact]
    public void An_item_that_reposts_itself_for_ever_does_not_keep_the_loop_from_ending()
    {
        using var test = new TestLoop();
        var repeating = new Repeating(test.Loop);
        test.Loop.Post(repeating);
        test.Loop.Stop();
        Assert.True(test.Loop.Join(TestLoop.Patience));
        Assert.Contains("dropped 1 work items", Assert.Single(test.Unhandled).Message);
    }

    [Fact]
    public void A_loop_that_was_never_started_runs_its_queue_when_stopped()
    {
        using var test = new TestLoop(start: false);
        EventLoop? current = null;
        test.Loop.Post(new Work(() => current = EventLoop.Current));
        Assert.Null(current);
        Assert.False(test.Loop.Join(TimeSpan.Zero));
        test.Loop.Stop();
        Assert.Same(test.Loop, current);
        Assert.Null(EventLoop.Current);
        Assert.True(test.Loop.Join(TimeSpan.Zero));
        Assert.Throws<InvalidOperationException>(test.Loop.Start);
    }

    [Fact]
    public void Work_posted_before_the_start_runs_after_it()
    {
        using var test = new TestLoop(start: false);
        var ran = new TaskCompletionSource<string?>(TaskCreationOptions.RunContinuationsAsynchronously);
        test.Loop.Post(new Work(() => ran.SetResult(Thread.CurrentThread.Name)));
        test.Loop.Start();
        Assert.Equal("loop-0", TestLoop.Await(ran.Task));
    }

    [Fact]
    public void The_end_closes_sockets_that_are_left_and_drops_timers()
    {
        using var test = new TestLoop();
        using var connection = Connected.Open();
        var timer = new Timer(_ => Assert.Fail("The timer fired."));
        SocketHandle handle = test.Run(() =>
        {
            test.Loop.Timers.Schedule(timer, test.Loop.Now + 3_600_000_000_000);
            return test.Loop.Register(connection.Fd, owner: null);
        });
        Assert.Equal(1, test.Loop.Counters.OpenSockets);
        test.Loop.Dispose();
        Assert.Equal(0, connection.Peer.Receive(new byte[1]));
        Assert.False(handle.IsOpen);
        Assert.False(timer.IsScheduled);
        Assert.Equal(0, test.Loop.Counters.OpenSockets);
        Assert.Throws<ObjectDisposedException>(() => test.Loop.Register(0, owner: null));
        Assert.Throws<ObjectDisposedException>(() => RentOne(test.Loop.Buffers));
    }

    [Fact]
    public void A_loop_stopped_from_its_own_work_ends()
    {
        using var test = new TestLoop();
        test.Loop.Post(new Work(test.Loop.Dispose));
        Assert.True(test.Loop.Join(TestLoop.Patience));
    }

    [Fact]
    public void Current_is_the_loop_on_its_thread_and_null_elsewhere()
    {
        using var first = new TestLoop();
        using var second = new TestLoop();
        Assert.Null(EventLoop.Current);
        Assert.False(first.Loop.IsCurrent);
        Assert.Same(first.Loop, first.Run(() => EventLoop.Current));
        Assert.True(second.Run(() => second.Loop.IsCurrent && !first.Loop.IsCurrent));
    }

    [Fact]
    public void Timers_follow_the_clock_that_the_loop_was_given()
    {
        var clock = new FakeTimeProvider();
        using var test = new TestLoop(new EventLoopOptions { Time = clock });
        long start = test.Run(() => test.Loop.Now);
        long firedAt = 0;
        test.Run(() => test.Loop.Timers.Schedule(new Timer(now => firedAt = now), start + 1_000_000_000));

        clock.Advance(TimeSpan.FromMilliseconds(999));
        test.AwaitEventPass();
        Assert.Equal(0, test.Run(() => firedAt));

        // One tick more than the millisecond that is missing.
        clock.Advance(TimeSpan.FromMilliseconds(11));
        test.AwaitEventPass();
        Assert.Equal(start + 1_010_000_000, test.Run(() => firedAt));
        Assert.Equal(start + 1_010_000_000, test.Loop.ReadTimestamp());
    }

    [Fact]
    public void A_timer_wakes_a_sleeping_loop_never_early_and_without_going_round_before_it()
    {
        using var test = new TestLoop();
        var fired = new TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously);
        test.AwaitEventPass();
        long turns = test.Loop.Counters.Turns;
        long due = test.Run(() =>
        {
            long at = test.Loop.Now + 30_000_000;
            test.Loop.Timers.Schedule(new Timer(_ => fired.SetResult(test.Loop.ReadTimestamp())), at);
            return at;
        });
        Assert.InRange(TestLoop.Await(fired.Task), due, long.MaxValue);

        // The turn that schedules, one for each level that the timer comes down, the one that fires; with a timeout rounded down it were thousands.
        Assert.InRange(test.Loop.Counters.Turns - turns, 1, 10);
    }

    [Fact]
    public void An_idle_loop_waits_and_does_not_go_round()
    {
        using var test = new TestLoop();
        using var connection = Connected.Open();
        SocketHandle handle = test.Run(() => test.Loop.Register(connection.Fd, owner: null));
        test.AwaitWritable(handle);
        test.Run(handle.NotifyReadable);
        test.AwaitEventPass();
        long turns = test.Loop.Counters.Turns;

        // Another loop's timer gives this one 50 ms in which it could spin.
        using var other = new TestLoop();
        var fired = new TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously);
        other.Run(() => other.Loop.Timers.Schedule(new Timer(fired.SetResult), other.Loop.Now + 50_000_000));
        TestLoop.Await(fired.Task);
        Assert.InRange(test.Loop.Counters.Turns, turns, turns + 2);
    }

    [Fact]
    public void Loops_give_back_every_descriptor()
    {
        Cycle();
        int before = Kernel.CountDescriptors();
        for (int i = 0; i < 20; i++)
            Cycle();
        Assert.Equal(before, Kernel.CountDescriptors());

        static void Cycle()
        {
            using var connection = Connected.Open();
            using var closed = Connected.Open();
            using (var test = new TestLoop())
            {
                test.Run(() =>
                {
                    _ = test.Loop.Register(connection.Fd, owner: null);
                    test.Loop.Register(closed.Fd, owner: null).Close();
                });
            }

            using var unstarted = new EventLoop(new EventLoopOptions(), new TestSink());
        }
    }

    [Theory]
    [InlineData(0, 1)] // quick items: bounded by their number alone
    [InlineData(1, 50)] // items of a millisecond: the sockets are looked at every four of them
    public void Work_that_takes_long_leaves_the_sockets_their_turn(int millisPerItem, int fewestTurns)
    {
        const int Items = 200;
        var clock = new FakeTimeProvider();
        using var test = new TestLoop(new EventLoopOptions { Time = clock });
        var turns = new TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously);
        int left = Items;
        long before = 0;
        Work? item = null;
        item = new Work(() =>
        {
            if (left == Items)
                before = test.Loop.Counters.Turns;
            clock.Advance(TimeSpan.FromMilliseconds(millisPerItem));
            if (--left == 0)
                turns.SetResult(test.Loop.Counters.Turns - before);
            else
                test.Loop.Post(item!);
        });
        test.Loop.Post(item);
        Assert.InRange(TestLoop.Await(turns.Task), fewestTurns - 1, fewestTurns + 1);
    }

    [Fact]
    public void Options_out_of_range_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() =>
            new EventLoop(new EventLoopOptions { WorkTime = TimeSpan.FromTicks(-1) }, new TestSink())
        );
        Assert.Throws<ArgumentOutOfRangeException>(() => new EventLoop(new EventLoopOptions { WorkBudget = 0 }, new TestSink()));
        Assert.Throws<ArgumentOutOfRangeException>(() => new EventLoop(new EventLoopOptions { MaxEventsPerWait = 0 }, new TestSink()));
        Assert.Throws<ArgumentOutOfRangeException>(() => new EventLoop(new EventLoopOptions { PoolRetainedBytes = -1 }, new TestSink()));
    }

    private static unsafe void RentOne(LoopBufferPool pool) => _ = pool.Rent(1, out _);

    private sealed class TestSink : ISocketEvents
    {
        public void OnReadable(SocketHandle handle) { }

        public void OnWritable(SocketHandle handle) { }
    }

    private sealed class Timer(Action<long> onDue) : LoopTimer
    {
        protected internal override void OnDue(long nowNanos) => onDue(nowNanos);
    }
}
