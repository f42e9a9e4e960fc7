namespace TlsGateway.Tls.OpenSsl;

/// <summary>
/// A byte queue in memory rented from the session's pool, oldest byte first. It owns memory only between <see cref="MakeRoom"/> and the moment
/// <see cref="ReturnIfEmpty"/> finds it empty. A mutable struct that lives in native memory: always used in place, never copied.
/// </summary>
internal unsafe struct CiphertextBuffer
{
    private byte* _memory;
    private int _capacity;
    private int _start;
    private int _end;

    public readonly int Count => _end - _start;

    /// <summary>Bytes that fit behind the newest one without moving anything.</summary>
    public readonly int Tail => _capacity - _end;

    /// <summary>Bytes that fit if everything held were moved to the front; 0 when nothing is rented.</summary>
    public readonly int Free => _capacity - Count;

    public readonly byte* First => _memory + _start;

    public readonly byte* TailPointer => _memory + _end;

    public readonly ReadOnlySpan<byte> Bytes => new(_memory + _start, Count);

    public void Append(int bytes) => _end += bytes;

    public void Consume(int bytes)
    {
        _start += bytes;
        if (_start == _end)
        {
            _start = _end = 0;
        }
    }

    /// <summary>Rents if nothing is rented, grows to <paramref name="capacity"/> if less is, and moves the bytes to the front if the tail is under <paramref name="tail"/>.</summary>
    public void MakeRoom(ITlsBufferPool pool, int capacity, int tail)
    {
        if (_capacity < capacity)
        {
            MoveTo(pool, capacity);
        }
        else if (_start > 0 && Tail < tail)
        {
            Buffer.MemoryCopy(_memory + _start, _memory, _capacity, Count);
            _end -= _start;
            _start = 0;
        }
    }

    /// <summary>Moves the bytes into a smaller buffer when they fill less than half of this one.</summary>
    public void Shrink(ITlsBufferPool pool)
    {
        if (Count == 0)
        {
            Release(pool);
        }
        else if (Count <= _capacity / 2)
        {
            MoveTo(pool, Count);
        }
    }

    public void ReturnIfEmpty(ITlsBufferPool pool)
    {
        if (_start == _end && _memory != null)
        {
            Release(pool);
        }
    }

    public void Release(ITlsBufferPool pool)
    {
        if (_memory != null)
        {
            pool.Return(_memory, _capacity);
        }
        this = default;
    }

    private void MoveTo(ITlsBufferPool pool, int capacity)
    {
        byte* memory = pool.Rent(capacity, out int rented);
        int count = Count;
        if (count > 0)
        {
            Buffer.MemoryCopy(_memory + _start, memory, rented, count);
        }
        Release(pool);
        _memory = memory;
        _capacity = rented;
        _end = count;
    }
}
