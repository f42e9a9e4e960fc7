using System.Security.Cryptography;

namespace TlsGateway.Tls;

/// <summary>
/// Random bytes that go out in the clear, such as an initialization vector: unpredictable until then, taken from a block that the host's generator fills, since a call of it costs as much for
/// 16 bytes as for hundreds. Not for keys: what has not been taken yet lies in memory. Thread-safe.
/// </summary>
internal static class PublicRandom
{
    private const int BlockBytes = 1024;

    [ThreadStatic]
    private static byte[]? t_block;

    /// <summary>Bytes of the block that nobody has had, at its end.</summary>
    [ThreadStatic]
    private static int t_left;

    /// <param name="output">Filled; each byte is given once.</param>
    public static void Fill(Span<byte> output)
    {
        if (output.Length > BlockBytes / 2)
        {
            RandomNumberGenerator.Fill(output);
            return;
        }
        byte[] block = t_block ??= new byte[BlockBytes];
        if (output.Length > t_left)
        {
            RandomNumberGenerator.Fill(block);
            t_left = BlockBytes;
        }
        block.AsSpan(BlockBytes - t_left, output.Length).CopyTo(output);
        t_left -= output.Length;
    }
}
