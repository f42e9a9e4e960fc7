using Akka;
using Akka.Actor;
using Akka.Streams;
using Akka.Streams.Dsl;

namespace TlsGateway.Actors.Events;

/// <summary>
/// What all loops tell of their connections, as one Akka.Streams source of batches for any number of readers. A reader that cannot keep up holds the pipeline back, and then the loops drop and count.
/// </summary>
/// <remarks>The loops make nothing while there is no reader. Any thread.</remarks>
public sealed class EventPipeline(ActorSystem system, IReadOnlyList<ConnectionEvents> loops)
{
    /// <summary>Batches that may wait before a reader.</summary>
    private const int WaitingBatches = 4;

    private readonly Lock _lock = new();
    private readonly List<Task> _readers = [];
    private int _reading;
    private Source<IReadOnlyList<ConnectionEnd>, NotUsed>? _batches;

    /// <summary>Reads from here on. The task ends, well or not, when the reader has.</summary>
    public Task RunWith(Sink<IReadOnlyList<ConnectionEnd>, Task<Done>> reader)
    {
        lock (_lock)
        {
            _reading++;
            Read(true);
            var reading = UntilEndAsync(Batches().RunWith(reader, system.Materializer()));
            _readers.RemoveAll(static ended => ended.IsCompleted);
            _readers.Add(reading);
            return reading;
        }
    }

    /// <summary>When the readers have taken all that the loops had, which have told their end; a reader that takes longer than <paramref name="patience"/> is left behind.</summary>
    internal async Task EndAsync(TimeSpan patience)
    {
        Task readers;
        lock (_lock)
            readers = Task.WhenAll(_readers);
        await readers.WaitAsync(patience).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private Source<IReadOnlyList<ConnectionEnd>, NotUsed> Batches() =>
        _batches ??= Source
            .From(loops)
            .MergeMany(loops.Count, static loop => ChannelSource.FromReader(loop.Batches))
            .RunWith(BroadcastHub.Sink<IReadOnlyList<ConnectionEnd>>(WaitingBatches), system.Materializer());

    private async Task UntilEndAsync(Task reader)
    {
        try
        {
            await reader.ConfigureAwait(false);
        }
        finally
        {
            lock (_lock)
            {
                if (--_reading == 0)
                    Read(false);
            }
        }
    }

    private void Read(bool isRead)
    {
        foreach (var loop in loops)
            loop.IsRead = isRead;
    }
}
