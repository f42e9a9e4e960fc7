namespace TlsGateway.Transport.Tests;

public sealed unsafe class LoopBufferPoolTests
{
    [Theory]
    [InlineData(0, 4096)]
    [InlineData(1, 4096)]
    [InlineData(4096, 4096)]
    [InlineData(4097, 16_896)]
    [InlineData(16_896, 16_896)]
    [InlineData(16_897, 69_632)]
    [InlineData(69_632, 69_632)]
    [InlineData(69_633, 270_336)]
    [InlineData(LoopBufferPool.ChunkBytes, LoopBufferPool.ChunkCapacity)]
    [InlineData(LoopBufferPool.ChunkCapacity, LoopBufferPool.ChunkCapacity)]
    [InlineData(LoopBufferPool.ChunkCapacity + 1, LoopBufferPool.ChunkCapacity + 1)]
    [InlineData(1_000_000, 1_000_000)]
    public void A_buffer_is_of_the_smallest_class_that_fits_or_exact(int minimum, int expected)
    {
        using var pool = new LoopBufferPool(1 << 20);
        byte* memory = pool.Rent(minimum, out int capacity);
        Assert.Equal(expected, capacity);
        new Span<byte>(memory, capacity).Fill(1);
        Assert.Equal(1, pool.RentedBuffers);
        Assert.Equal(expected, pool.RentedBytes);
        pool.Return(memory, capacity);
        Assert.Equal(0, pool.RentedBuffers);
        Assert.Equal(0, pool.RentedBytes);
        Assert.Equal(expected <= LoopBufferPool.ChunkCapacity ? expected : 0, pool.RetainedBytes);
    }

    [Fact]
    public void The_last_returned_is_the_first_rented_and_classes_do_not_mix()
    {
        using var pool = new LoopBufferPool(1 << 20);
        byte* first = pool.Rent(100, out int small);
        byte* second = pool.Rent(100, out _);
        byte* large = pool.Rent(10_000, out int record);
        pool.Return(first, small);
        pool.Return(second, small);
        pool.Return(large, record);
        Assert.Equal((nint)second, (nint)pool.Rent(100, out _));
        Assert.Equal((nint)first, (nint)pool.Rent(100, out _));
        Assert.Equal((nint)large, (nint)pool.Rent(10_000, out _));
        Assert.Equal(0, pool.RetainedBytes);
        pool.Return(first, small);
        pool.Return(second, small);
        pool.Return(large, record);
    }

    [Fact]
    public void No_more_than_the_bound_is_retained()
    {
        using var pool = new LoopBufferPool(3 * 4096);
        var rented = new List<nint>();
        for (int i = 0; i < 5; i++)
            rented.Add((nint)pool.Rent(1, out _));
        foreach (nint memory in rented)
            pool.Return((byte*)memory, 4096);
        Assert.Equal(3 * 4096, pool.RetainedBytes);
        byte* chunk = pool.Rent(LoopBufferPool.ChunkBytes, out int capacity);
        pool.Return(chunk, capacity);
        Assert.Equal(3 * 4096, pool.RetainedBytes);
        Assert.Equal(0, pool.RentedBuffers);
    }

    [Fact]
    public void A_leak_shows_in_the_counts()
    {
        using var pool = new LoopBufferPool(1 << 20);
        byte* kept = pool.Rent(10_000, out int capacity);
        byte* given = pool.Rent(1, out int small);
        pool.Return(given, small);
        Assert.Equal(1, pool.RentedBuffers);
        Assert.Equal(16_896, pool.RentedBytes);
        pool.Return(kept, capacity);
        Assert.Equal(0, pool.RentedBuffers);
    }

    [Fact]
    public void A_capacity_that_no_class_has_is_refused()
    {
        using var pool = new LoopBufferPool(1 << 20);
        byte* memory = pool.Rent(1, out int capacity);
        Assert.Throws<ArgumentException>(() => pool.Return(memory, 4095));
        Assert.Equal(1, pool.RentedBuffers);
        pool.Return(memory, capacity);
    }

#if DEBUG
    [Fact]
    public void Returning_twice_is_refused_in_Debug()
    {
        using var pool = new LoopBufferPool(1 << 20);
        byte* memory = pool.Rent(1, out int capacity);
        pool.Return(memory, capacity);
        Assert.Throws<ArgumentException>(() => pool.Return(memory, capacity));
    }
#endif

    [Fact]
    public void After_the_end_nothing_is_rented_and_what_comes_back_is_freed()
    {
        var pool = new LoopBufferPool(1 << 20);
        byte* out1 = pool.Rent(1, out int capacity);
        byte* out2 = pool.Rent(1, out _);
        pool.Return(out2, capacity);
        pool.Dispose();
        Assert.Equal(0, pool.RetainedBytes);
        out1[0] = 1;
        pool.Return(out1, capacity);
        Assert.Equal(0, pool.RetainedBytes);
        Assert.Equal(0, pool.RentedBuffers);
        Assert.Throws<ObjectDisposedException>(() => pool.Rent(1, out _));
        pool.Dispose();
    }
}
