namespace TlsGateway.Transport.Tests;

/// <summary>The hot path allocates nothing on the loop's thread.</summary>
public sealed class AllocationTests : IDisposable
{
    private const int Rounds = 2000;

    private readonly TestLoop _test = new();

    public void Dispose() => _test.Dispose();

    [Fact]
    public void Posting_on_the_loop_and_running_what_was_posted()
    {
        var repeating = new Repeating(_test.Loop);
        var measured = new TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously);
        long before = 0;
        var end = new Work(() =>
        {
            long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            repeating.Stopped = true;
            measured.SetResult(allocated);
        });
        var start = new Work(() => before = GC.GetAllocatedBytesForCurrentThread());
        _test.Run(() => _test.Loop.Post(repeating));
        TestLoop.SpinUntil(() => repeating.Runs > 10_000);
        _test.Loop.Post(start);
        long runs = repeating.Runs;
        TestLoop.SpinUntil(() => repeating.Runs > runs + 10_000);
        _test.Loop.Post(end);
        Assert.Equal(0, TestLoop.Await(measured.Task));
    }

    [Fact]
    public void Receiving_and_sending()
    {
        using var connection = Connected.Open();
        byte[] buffer = new byte[4096];
        SocketHandle handle = _test.Run(() => _test.Loop.Register(connection.Fd, owner: null, isWritable: true));
        Task echo = Task.Run(() =>
        {
            byte[] bytes = new byte[1];
            for (int i = 0; i < 2 * Rounds; i++)
            {
                Assert.Equal(1, connection.Peer.Receive(bytes));
                connection.Peer.Send(bytes);
            }
        });
        long allocated = _test.Run(() =>
        {
            Exchange();
            long before = GC.GetAllocatedBytesForCurrentThread();
            Exchange();
            return GC.GetAllocatedBytesForCurrentThread() - before;
        });
        TestLoop.Await(echo);
        Assert.Equal(0, allocated);

        void Exchange()
        {
            for (int i = 0; i < Rounds; i++)
            {
                handle.Send(buffer.AsSpan(0, 1));
                while (handle.Receive(buffer).Status == IoStatus.WouldBlock)
                    Thread.SpinWait(10);
            }
        }
    }

    [Fact]
    public void Readiness_from_the_edge_to_the_callback()
    {
        using var connection = Connected.Open();
        byte[] buffer = new byte[16];
        int received = 0;
        long before = 0;
        var measured = new TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously);
        _test.Run(() =>
        {
            _test.Readable = handle =>
            {
                received += handle.Receive(buffer).Bytes;
                if (received == Rounds)
                    before = GC.GetAllocatedBytesForCurrentThread();
                if (received == 2 * Rounds)
                    measured.SetResult(GC.GetAllocatedBytesForCurrentThread() - before);
                handle.NotifyReadable();
                handle.Send(buffer.AsSpan(0, 1));
            };
            _test.Loop.Register(connection.Fd, owner: null).NotifyReadable();
        });
        byte[] one = new byte[1];
        for (int i = 0; i < 2 * Rounds; i++)
        {
            connection.Peer.Send(one);
            Assert.Equal(1, connection.Peer.Receive(one));
        }

        Assert.Equal(0, TestLoop.Await(measured.Task));
    }

    [Fact]
    public void Timers_and_buffers()
    {
        var timer = new Silent();
        long allocated = _test.Run(() =>
        {
            Exercise();
            long before = GC.GetAllocatedBytesForCurrentThread();
            Exercise();
            return GC.GetAllocatedBytesForCurrentThread() - before;
        });
        Assert.Equal(0, allocated);
        Assert.Equal(2 * Rounds, timer.Fired);

        unsafe void Exercise()
        {
            var wheel = _test.Loop.Timers;
            for (int i = 0; i < Rounds; i++)
            {
                wheel.Schedule(timer, _test.Loop.Now + (i * 100_000_000_000L));
                wheel.Schedule(timer, _test.Loop.Now - 1);
                wheel.Advance(_test.Loop.Now);
                byte* memory = _test.Loop.Buffers.Rent(i * 100, out int capacity);
                _test.Loop.Buffers.Return(memory, capacity);
            }
        }
    }

    [Fact]
    public void Formatting_an_endpoint()
    {
        var endPoint = InetEndPoint.From(System.Net.IPAddress.Parse("2001:db8::17%3"), 8443);
        char[] text = new char[InetEndPoint.MaxTextLength];
        Assert.True(endPoint.TryFormat(text, out _));
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < Rounds; i++)
            endPoint.TryFormat(text, out _);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private sealed class Silent : LoopTimer
    {
        public int Fired { get; private set; }

        protected internal override void OnDue(long nowNanos) => Fired++;
    }
}
