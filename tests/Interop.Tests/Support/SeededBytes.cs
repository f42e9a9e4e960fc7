using System.Buffers.Binary;
using System.Security.Cryptography;

namespace TlsGateway.Interop.Tests.Support;

/// <summary>Bytes without a pattern that are the same in every run, made fast enough not to be what a transfer waits for (SplitMix64).</summary>
internal struct SeededBytes(ulong seed)
{
    private ulong _state = seed;

    /// <summary>The next bytes. <paramref name="destination"/> is a multiple of 8 bytes long.</summary>
    public void Fill(Span<byte> destination)
    {
        for (; !destination.IsEmpty; destination = destination[8..])
        {
            var z = _state += 0x9e3779b97f4a7c15;
            z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
            z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
            BinaryPrimitives.WriteUInt64LittleEndian(destination, z ^ (z >> 31));
        }
    }

    public static byte[] Make(ulong seed, int bytes)
    {
        var made = new byte[bytes];
        new SeededBytes(seed).Fill(made);
        return made;
    }

    /// <summary>Gives <paramref name="bytes"/> bytes to <paramref name="write"/> in large pieces; their SHA-256.</summary>
    public static async Task<byte[]> SendAsync(ulong seed, long bytes, Func<ReadOnlyMemory<byte>, ValueTask> write)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var source = new SeededBytes(seed);
        var buffer = new byte[256 * 1024];
        while (bytes > 0)
        {
            var piece = buffer.AsMemory(0, (int)Math.Min(bytes, buffer.Length));
            source.Fill(piece.Span);
            hash.AppendData(piece.Span);
            await write(piece);
            bytes -= piece.Length;
        }

        return hash.GetHashAndReset();
    }

    /// <summary>Reads until <paramref name="read"/> gives 0 bytes; how many came and their SHA-256.</summary>
    public static async Task<(long Bytes, byte[] Hash)> ReceiveAsync(Func<Memory<byte>, ValueTask<int>> read)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[256 * 1024];
        long bytes = 0;
        int got;
        while ((got = await read(buffer)) > 0)
        {
            hash.AppendData(buffer, 0, got);
            bytes += got;
        }

        return (bytes, hash.GetHashAndReset());
    }
}
