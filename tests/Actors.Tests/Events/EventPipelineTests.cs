using System.Net;
using Akka.Actor;
using Akka.Streams.Dsl;
using TlsGateway.Actors.Events;
using TlsGateway.Actors.Inspection;
using TlsGateway.Tls;
using TlsGateway.Transport;

namespace TlsGateway.Actors.Tests.Events;

public sealed class EventPipelineTests : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly ActorSystem _system = ActorSystem.Create("events");
    private readonly ConnectionEvents[] _loops = [new(), new()];

    public async ValueTask DisposeAsync() => await _system.Terminate();

    [Fact]
    public async Task The_first_reader_gets_all_and_another_what_comes_from_then_on()
    {
        var pipeline = new EventPipeline(_system, _loops);
        Assert.All(_loops, static loop => Assert.False(loop.IsRead));
        var first = new Reader();
        var second = new Reader();
        var firstEnds = pipeline.RunWith(first.Sink);
        Assert.All(_loops, static loop => Assert.True(loop.IsRead));
        for (var i = 1; i <= 1000; i++)
            _loops[i % 2].Add(End(i));
        foreach (var loop in _loops)
            loop.HandOver();
        await first.Has(1000).WaitAsync(Patience);
        var secondEnds = pipeline.RunWith(second.Sink);
        // When the second is there is for the streams to say: it is, when something comes to it.
        var last = 1000;
        var secondReads = second.Has(1);
        using var poll = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        while (!secondReads.IsCompleted && await poll.WaitForNextTickAsync())
        {
            _loops[0].Add(End(++last));
            _loops[0].HandOver();
        }

        await EndAsync(pipeline);
        await Task.WhenAll(firstEnds, secondEnds);
        Assert.Equal(Enumerable.Range(1, last).Select(static i => (long)i), first.Numbers.Order());
        Assert.Equal(first.Numbers.TakeLast(second.Numbers.Count), second.Numbers);
        Assert.NotEmpty(second.Numbers);
        Assert.Equal(0, Dropped);
    }

    [Fact]
    public async Task A_reader_that_waits_costs_events_and_no_loop_waits()
    {
        var pipeline = new EventPipeline(_system, _loops);
        var mayGoOn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var began = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var numbers = new List<long>();
        var sink = Flow.Create<IReadOnlyList<ConnectionEnd>>()
            .SelectAsync(
                1,
                async batch =>
                {
                    began.TrySetResult();
                    await mayGoOn.Task;
                    return batch;
                }
            )
            .ToMaterialized(
                Akka.Streams.Dsl.Sink.ForEach<IReadOnlyList<ConnectionEnd>>(batch =>
                    numbers.AddRange(batch.Select(static end => end.Id.Number))
                ),
                Keep.Right
            );
        var reading = pipeline.RunWith(sink);
        _loops[0].Add(End(1));
        _loops[0].HandOver();
        await began.Task.WaitAsync(Patience);
        var added = 1;
        while (Dropped == 0)
            _loops[0].Add(End(++added));
        mayGoOn.SetResult();
        await EndAsync(pipeline);
        await reading;
        Assert.Equal(added - Dropped, numbers.Count);
        Assert.Equal(numbers.Order(), numbers);
    }

    [Fact]
    public async Task Without_a_reader_left_nothing_is_made()
    {
        var pipeline = new EventPipeline(_system, _loops);
        var reading = pipeline.RunWith(Flow.Create<IReadOnlyList<ConnectionEnd>>().Take(1).ToMaterialized(new Reader().Sink, Keep.Right));
        _loops[1].Add(End(1));
        _loops[1].HandOver();
        await reading.WaitAsync(Patience);
        Assert.All(_loops, static loop => Assert.False(loop.IsRead));
        await EndAsync(pipeline);
    }

    private long Dropped => _loops.Sum(static loop => loop.Dropped);

    private async Task EndAsync(EventPipeline pipeline)
    {
        foreach (var loop in _loops)
            loop.Complete();
        await pipeline.EndAsync(Patience);
    }

    private static ConnectionEnd End(long number) =>
        new()
        {
            Id = new ConnectionId(0, number),
            Listener = "web",
            Generation = 1,
            Peer = InetEndPoint.From(IPAddress.Loopback, 1),
            LocalPort = 443,
            Began = DateTimeOffset.UnixEpoch,
            Duration = TimeSpan.Zero,
            Engine = TlsEngine.OpenSsl,
            Reason = CloseReason.Completed,
        };

    private sealed class Reader
    {
        private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _wanted = int.MaxValue;

        public List<long> Numbers { get; } = [];

        public Sink<IReadOnlyList<ConnectionEnd>, Task<Akka.Done>> Sink =>
            Akka.Streams.Dsl.Sink.ForEach<IReadOnlyList<ConnectionEnd>>(Take);

        public Task Has(int count)
        {
            lock (Numbers)
            {
                _wanted = count;
                if (Numbers.Count >= count)
                    _reached.TrySetResult();
            }

            return _reached.Task;
        }

        private void Take(IReadOnlyList<ConnectionEnd> batch)
        {
            lock (Numbers)
            {
                Numbers.AddRange(batch.Select(static end => end.Id.Number));
                if (Numbers.Count >= _wanted)
                    _reached.TrySetResult();
            }
        }
    }
}
