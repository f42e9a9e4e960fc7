namespace TlsGateway.Transport;

/// <summary>
/// The sockets of a loop by slot. A slot's generation goes up each time it is given free, so an event or a reference from before finds nothing. For the
/// loop's thread.
/// </summary>
internal sealed class SocketTable
{
    private SocketHandle?[] _handles = new SocketHandle?[64];
    private uint[] _generations = new uint[64];
    private readonly Stack<int> _free = new();
    private int _used;

    /// <summary>Sockets in the table.</summary>
    public int Count => _used - _free.Count;

    /// <summary>A free slot and its present generation; taken once <see cref="Set"/> has filled it.</summary>
    public int Reserve(out uint generation)
    {
        if (!_free.TryPop(out int slot))
        {
            slot = _used++;
            if (slot == _handles.Length)
            {
                Array.Resize(ref _handles, slot * 2);
                Array.Resize(ref _generations, slot * 2);
            }
        }

        generation = _generations[slot];
        return slot;
    }

    public void Set(int slot, SocketHandle handle) => _handles[slot] = handle;

    /// <summary>Empties a slot; what the kernel still says of it is stale from here on.</summary>
    public void Release(int slot)
    {
        _handles[slot] = null;
        _generations[slot]++;
        _free.Push(slot);
    }

    /// <summary>Empties a slot that stays taken, for a later <see cref="Set"/>: the kernel goes on naming it.</summary>
    public void Vacate(int slot) => _handles[slot] = null;

    /// <summary>The socket that an event is for, or null if it is of the past, or there is none now.</summary>
    public SocketHandle? Find(ulong key)
    {
        uint slot = (uint)key;
        if (slot >= (uint)_used || _generations[slot] != (uint)(key >> 32))
            return null;
        return _handles[slot];
    }

    public void CloseAll()
    {
        for (int slot = 0; slot < _used; slot++)
            _handles[slot]?.Close();
    }

    /// <summary>What epoll hands back: generation in the upper half, slot in the lower.</summary>
    public static ulong Key(int slot, uint generation) => ((ulong)generation << 32) | (uint)slot;
}
