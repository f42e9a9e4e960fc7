namespace TlsGateway.Transport;

/// <summary>A growing ring of work items, for one thread.</summary>
internal sealed class WorkRing
{
    /// <summary>A power of two, as every later capacity; 8 KiB of references.</summary>
    private const int InitialCapacity = 1024;

    private IThreadPoolWorkItem?[] _items = new IThreadPoolWorkItem?[InitialCapacity];
    private int _head;
    private int _count;

    public int Count => _count;

    public void Enqueue(IThreadPoolWorkItem item)
    {
        if (_count == _items.Length)
            Grow();
        _items[(_head + _count) & (_items.Length - 1)] = item;
        _count++;
    }

    public bool TryDequeue(out IThreadPoolWorkItem item)
    {
        if (_count == 0)
        {
            item = null!;
            return false;
        }

        ref IThreadPoolWorkItem? slot = ref _items[_head];
        item = slot!;
        slot = null;
        _head = (_head + 1) & (_items.Length - 1);
        _count--;
        return true;
    }

    private void Grow()
    {
        var larger = new IThreadPoolWorkItem?[_items.Length * 2];
        int untilEnd = _items.Length - _head;
        Array.Copy(_items, _head, larger, 0, untilEnd);
        Array.Copy(_items, 0, larger, untilEnd, _head);
        _items = larger;
        _head = 0;
    }
}
