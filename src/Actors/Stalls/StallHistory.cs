namespace TlsGateway.Actors.Stalls;

/// <summary>The latest stalls of one connection, up to <see cref="Capacity"/>: an older one makes room.</summary>
internal sealed class StallHistory
{
    public const int Capacity = 64;

    private StallSpan[] _spans = new StallSpan[4];
    private int _count;

    /// <summary>Where the oldest is, once all places are taken.</summary>
    private int _first;

    public void Add(in StallSpan span)
    {
        if (_count == Capacity)
        {
            _spans[_first] = span;
            _first = (_first + 1) % Capacity;
            return;
        }

        if (_count == _spans.Length)
            Array.Resize(ref _spans, _count * 2);
        _spans[_count++] = span;
    }

    /// <summary>Oldest first.</summary>
    public IReadOnlyList<StallSpan> ToList() => [.. _spans.AsSpan(_first, _count - _first), .. _spans.AsSpan(0, _first)];
}
