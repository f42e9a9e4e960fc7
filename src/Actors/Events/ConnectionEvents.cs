using System.Threading.Channels;

namespace TlsGateway.Actors.Events;

/// <summary>
/// What one loop tells of its connections, in batches up to a bound: the loop collects, hands over now and then, and never waits. Beyond the bound events are dropped and counted.
/// Without a reader nothing is made.
/// </summary>
/// <remarks>Handing over wakes a reader, which costs more than a line does: so once a second, and when a batch is full.</remarks>
public sealed class ConnectionEvents
{
    public const int BatchSize = 512;

    /// <summary>Batches that wait for the reader; an event holds a few hundred bytes.</summary>
    private const int WaitingBatches = 16;

    private readonly Channel<IReadOnlyList<ConnectionEnd>> _batches = Channel.CreateBounded<IReadOnlyList<ConnectionEnd>>(
        new BoundedChannelOptions(WaitingBatches) { SingleReader = true, SingleWriter = true }
    );

    private List<ConnectionEnd> _batch = [];
    private volatile bool _isRead;
    private long _dropped;

    /// <summary>Somebody reads. Any thread.</summary>
    public bool IsRead
    {
        get => _isRead;
        set => _isRead = value;
    }

    /// <summary>Events that found no place. Any thread.</summary>
    public long Dropped => Volatile.Read(ref _dropped);

    /// <summary>The reader's end.</summary>
    public ChannelReader<IReadOnlyList<ConnectionEnd>> Batches => _batches.Reader;

    internal void Add(ConnectionEnd end)
    {
        _batch.Add(end);
        if (_batch.Count == BatchSize)
            HandOver();
    }

    /// <summary>Gives the reader what there is.</summary>
    internal void HandOver()
    {
        if (_batch.Count == 0)
            return;
        if (!_batches.Writer.TryWrite(_batch))
            _dropped += _batch.Count;
        _batch = [];
    }

    /// <summary>The last batch, and the end.</summary>
    internal void Complete()
    {
        HandOver();
        _batches.Writer.TryComplete();
    }
}
