namespace TlsGateway.Interop.Tests.Support;

/// <summary>Data that is the same in every run.</summary>
internal static class Seeded
{
    public static byte[] Bytes(int seed, int length)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }
}
