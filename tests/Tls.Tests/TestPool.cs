using System.Runtime.InteropServices;

namespace TlsGateway.Tls.Tests;

/// <summary>A pool that knows what is out, fills what it hands out with noise, and keeps freed blocks for reuse so that a warm session allocates nothing.</summary>
internal sealed unsafe class TestPool : ITlsBufferPool, IDisposable
{
    private readonly Dictionary<nint, int> _rented = [];
    private readonly List<(nint Memory, int Capacity)> _free = new(16);

    public int RentedCount => _rented.Count;

    public int RentedBytes => _rented.Values.Sum();

    public bool Fails { get; set; }

    public byte* Rent(int minimumBytes, out int capacity)
    {
        if (Fails)
        {
            throw new InvalidOperationException("the pool is empty");
        }
        capacity = minimumBytes;
        for (int i = 0; i < _free.Count; i++)
        {
            if (_free[i].Capacity == minimumBytes)
            {
                nint found = _free[i].Memory;
                _free.RemoveAt(i);
                _rented.Add(found, capacity);
                return (byte*)found;
            }
        }
        byte* memory = (byte*)NativeMemory.Alloc((nuint)minimumBytes);
        new Span<byte>(memory, minimumBytes).Fill(0xa5);
        _rented.Add((nint)memory, capacity);
        return memory;
    }

    public void Return(byte* memory, int capacity)
    {
        if (!_rented.Remove((nint)memory, out int rented) || rented != capacity)
        {
            throw new InvalidOperationException("returned what was not rented");
        }
        _free.Add(((nint)memory, capacity));
    }

    public void Dispose()
    {
        Assert.Empty(_rented);
        foreach ((nint memory, _) in _free)
        {
            NativeMemory.Free((void*)memory);
        }
        _free.Clear();
    }
}
