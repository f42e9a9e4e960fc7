using System.Runtime.CompilerServices;
using System.Security.Cryptography;

namespace TlsGateway.Tls.OpenSsl;

/// <summary>
/// TLS 1.2's PRF (RFC 5246 §5), P_SHA256 or P_SHA384, over libcrypto's plain SHA-2 functions. The key's two padded blocks are hashed once per call and copied for each HMAC;
/// nothing is allocated, and what it held of secrets is cleared from the stack.
/// </summary>
internal static unsafe class PseudoRandomFunction
{
    /// <summary>SHA-512's block, the longest.</summary>
    private const int MaxBlockBytes = 128;

    /// <summary>Fills <paramref name="output"/> from <paramref name="secret"/> and the parts of the seed, the label first.</summary>
    public static void Derive(bool sha384, ReadOnlySpan<byte> secret, in SeedParts seed, Span<byte> output)
    {
        LibCrypto.ShaContext inner;
        LibCrypto.ShaContext outer;
        HashKey(sha384, secret, &inner, &outer);
        int hash = KeySchedule.HashBytes(sha384);
        // A(1) = HMAC(secret, seed); each block of output is HMAC(secret, A(i) + seed).
        Span<byte> a = stackalloc byte[hash];
        Span<byte> block = stackalloc byte[hash];
        Hmac(sha384, inner, outer, [], seed, a);
        while (!output.IsEmpty)
        {
            Hmac(sha384, inner, outer, a, seed, block);
            int count = Math.Min(hash, output.Length);
            block[..count].CopyTo(output);
            output = output[count..];
            if (!output.IsEmpty)
            {
                Hmac(sha384, inner, outer, a, SeedParts.None, a);
            }
        }
        CryptographicOperations.ZeroMemory(a);
        CryptographicOperations.ZeroMemory(block);
        CryptographicOperations.ZeroMemory(new Span<byte>(&inner, sizeof(LibCrypto.ShaContext)));
        CryptographicOperations.ZeroMemory(new Span<byte>(&outer, sizeof(LibCrypto.ShaContext)));
    }

    private static void HashKey(bool sha384, ReadOnlySpan<byte> key, LibCrypto.ShaContext* inner, LibCrypto.ShaContext* outer)
    {
        int blockBytes = sha384 ? MaxBlockBytes : MaxBlockBytes / 2;
        byte* pad = stackalloc byte[MaxBlockBytes];
        Span<byte> block = new(pad, blockBytes);
        block.Clear();
        if (key.Length > blockBytes)
        {
            // RFC 2104 §2: a longer key is hashed first, such as the 66 bytes that P-521 agrees on.
            KeySchedule.Begin(sha384, inner);
            KeySchedule.Add(sha384, inner, key);
            KeySchedule.End(sha384, inner, pad);
        }
        else
        {
            key.CopyTo(block);
        }
        Xor(block, 0x36);
        KeySchedule.Begin(sha384, inner);
        KeySchedule.Add(sha384, inner, block);
        Xor(block, 0x36 ^ 0x5c);
        KeySchedule.Begin(sha384, outer);
        KeySchedule.Add(sha384, outer, block);
        CryptographicOperations.ZeroMemory(block);
    }

    private static void Xor(Span<byte> block, byte with)
    {
        foreach (ref byte b in block)
        {
            b ^= with;
        }
    }

    /// <summary>The output may be the first part.</summary>
    private static void Hmac(
        bool sha384,
        in LibCrypto.ShaContext inner,
        in LibCrypto.ShaContext outer,
        ReadOnlySpan<byte> first,
        in SeedParts seed,
        Span<byte> output
    )
    {
        LibCrypto.ShaContext context = inner;
        byte* digest = stackalloc byte[KeySchedule.MaxHashBytes];
        KeySchedule.Add(sha384, &context, first);
        for (int i = 0; i < seed.Count; i++)
        {
            KeySchedule.Add(sha384, &context, seed[i]);
        }
        KeySchedule.End(sha384, &context, digest);
        context = outer;
        KeySchedule.Add(sha384, &context, new ReadOnlySpan<byte>(digest, output.Length));
        KeySchedule.End(sha384, &context, digest);
        new ReadOnlySpan<byte>(digest, output.Length).CopyTo(output);
        CryptographicOperations.ZeroMemory(new Span<byte>(digest, KeySchedule.MaxHashBytes));
        CryptographicOperations.ZeroMemory(new Span<byte>(&context, sizeof(LibCrypto.ShaContext)));
    }

    /// <summary>The pieces that a seed comes in: a label, randoms, a hash. They stay where they are; the memory belongs to the caller for the time of the call.</summary>
    internal struct SeedParts
    {
        /// <summary>libssl gives five at most.</summary>
        public const int Most = 8;

        private Places _places;

        public static SeedParts None => default;

        public int Count { get; private set; }

        public readonly ReadOnlySpan<byte> this[int index] => new((void*)_places[index].Start, _places[index].Length);

        /// <summary>False when there are too many.</summary>
        public bool TryAdd(void* start, int length)
        {
            if (length == 0)
            {
                return true;
            }
            if (Count == Most)
            {
                return false;
            }
            _places[Count++] = new Place((nint)start, length);
            return true;
        }

        private readonly record struct Place(nint Start, int Length);

        [InlineArray(Most)]
        private struct Places
        {
            private Place _first;
        }
    }
}
