namespace TlsGateway.Actors.Buffers;

/// <summary>
/// Data that a leg holds because its socket or session takes no more: oldest first. What comes while older data waits is copied behind it where it fits, so
/// that a peer which drips bytes cannot make a leg hold one buffer per drip.
/// </summary>
public struct AppDataQueue
{
    private AppData? _first;
    private AppData? _last;

    public readonly bool IsEmpty => _first is null;

    /// <summary>The oldest; only when not empty.</summary>
    public readonly AppData First => _first!;

    /// <summary>Takes ownership of <paramref name="data"/>.</summary>
    public void Add(AppData data)
    {
        if (_last is null)
        {
            _first = _last = data;
        }
        else if (data.Length <= _last.Free.Length)
        {
            data.Data.CopyTo(_last.Free);
            _last.Commit(data.Length);
            data.Dispose();
        }
        else
        {
            _last.Next = data;
            _last = data;
        }
    }

    /// <summary>Drops <paramref name="bytes"/> of the oldest and disposes it when nothing is left of it.</summary>
    public void Consume(int bytes)
    {
        var first = _first!;
        first.Consume(bytes);
        if (first.Length > 0)
            return;
        _first = first.Next;
        first.Next = null;
        if (_first is null)
            _last = null;
        first.Dispose();
    }

    /// <summary>Disposes all.</summary>
    public void Clear()
    {
        while (_first is { } first)
        {
            _first = first.Next;
            first.Next = null;
            first.Dispose();
        }

        _last = null;
    }
}
