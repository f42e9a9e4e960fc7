using System.Threading.Channels;

namespace TlsGateway.Actors.Events;

/// <summary>
/// What one loop tells of its connections, up to a bound: the loop writes and never waits, one reader takes what is there now and then. Beyond the bound events are dropped and
/// counted. Without a reader nothing is made.
/// </summary>
public sealed class ConnectionEvents
{
    /// <summary>Some 80,000 a second at ten looks a second; each holds a few hundred bytes.</summary>
    public const int Capacity = 8192;

    private readonly Channel<ConnectionEnd> _ends = Channel.CreateBounded<ConnectionEnd>(
        new BoundedChannelOptions(Capacity) { SingleReader = true, SingleWriter = true }
    );

    private volatile bool _isRead;
    private long _dropped;

    /// <summary>Somebody reads.</summary>
    public bool IsRead
    {
        get => _isRead;
        set => _isRead = value;
    }

    /// <summary>Events that found no place.</summary>
    public long Dropped => Volatile.Read(ref _dropped);

    /// <summary>Moves what is there to <paramref name="batch"/>. The reader's.</summary>
    public void Take(ICollection<ConnectionEnd> batch)
    {
        for (var left = Capacity; left > 0 && _ends.Reader.TryRead(out var end); left--)
            batch.Add(end);
    }

    internal void Add(ConnectionEnd end)
    {
        if (!_ends.Writer.TryWrite(end))
            _dropped++;
    }
}
