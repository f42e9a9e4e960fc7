using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace TlsGateway.Tls.OpenSsl;

/// <summary>
/// HKDF (RFC 5869) as TLS 1.3 uses it (RFC 8446 §7.1), over libcrypto's plain SHA-2 functions: one expansion is four compressions and no allocation. What it
/// held of secrets is cleared from the stack.
/// </summary>
internal static unsafe class KeySchedule
{
    /// <summary>Digest bytes of SHA-384, the longest hash of a TLS 1.3 suite.</summary>
    public const int MaxHashBytes = 48;

    /// <summary>RFC 8446 §7.1: label and context are vectors of at most 255 bytes.</summary>
    private const int MaxVectorBytes = 255;

    /// <summary>HkdfLabel: length, label, context.</summary>
    private const int MaxInfoBytes = 2 + 1 + MaxVectorBytes + 1 + MaxVectorBytes;

    /// <summary>SHA-512's block, the longest.</summary>
    private const int MaxBlockBytes = 128;

    /// <summary>RFC 5869 §2.3: at most 255 blocks of output.</summary>
    private const int MaxOutputBlocks = 255;

    private static ReadOnlySpan<byte> Prefix => "tls13 "u8;

    /// <summary>The hash of no bytes, for the "derived" secrets.</summary>
    private static readonly byte[] EmptySha256 = SHA256.HashData([]);
    private static readonly byte[] EmptySha384 = SHA384.HashData([]);

    /// <summary>Whether this libcrypto has the functions: a build without deprecated ones has not.</summary>
    public static bool IsSupported { get; } = FindFunctions();

    public static int HashBytes(bool sha384) => sha384 ? 48 : 32;

    /// <summary>HKDF-Expand-Label of RFC 8446 §7.1 with an empty context, for "key", "iv" and "traffic upd".</summary>
    /// <param name="output">At most one hash long.</param>
    public static void ExpandLabel(bool sha384, ReadOnlySpan<byte> secret, ReadOnlySpan<byte> label, Span<byte> output)
    {
        if (!TryExpandLabel(sha384, secret, Prefix, label, [], output))
        {
            throw new InvalidOperationException("a label or an output is too long for HKDF-Expand-Label");
        }
    }

    /// <summary>HKDF-Expand-Label with any prefix and context; false when a part is longer than the structure allows.</summary>
    public static bool TryExpandLabel(
        bool sha384,
        ReadOnlySpan<byte> secret,
        ReadOnlySpan<byte> prefix,
        ReadOnlySpan<byte> label,
        ReadOnlySpan<byte> context,
        Span<byte> output
    )
    {
        int hash = HashBytes(sha384);
        if (
            prefix.Length + label.Length > MaxVectorBytes
            || context.Length > MaxVectorBytes
            || output.Length > hash * MaxOutputBlocks
            || secret.Length > MaxBlockBytes / 2
        )
        {
            return false;
        }
        Span<byte> info = stackalloc byte[MaxInfoBytes];
        int length = WriteInfo(info, prefix, label, context, output.Length);
        Expand(sha384, secret, info[..length], output);
        return true;
    }

    /// <summary>
    /// The next secret of the schedule: HKDF-Extract of <paramref name="input"/> (nothing: zeros) under Derive-Secret(<paramref name="previous"/>, "derived", "");
    /// without a previous secret, under no salt. RFC 8446 §7.1's first column.
    /// </summary>
    /// <param name="output">One hash long.</param>
    public static bool TryExtract(
        bool sha384,
        ReadOnlySpan<byte> previous,
        ReadOnlySpan<byte> input,
        ReadOnlySpan<byte> prefix,
        ReadOnlySpan<byte> label,
        Span<byte> output
    )
    {
        int hash = HashBytes(sha384);
        if (output.Length != hash)
        {
            return false;
        }
        Span<byte> salt = stackalloc byte[hash];
        Span<byte> zeros = stackalloc byte[hash];
        zeros.Clear();
        if (previous.IsEmpty)
        {
            salt.Clear();
        }
        else if (!TryExpandLabel(sha384, previous, prefix, label, sha384 ? EmptySha384 : EmptySha256, salt))
        {
            return false;
        }
        Hmac(sha384, salt, input.IsEmpty ? zeros : input, [], [], output);
        CryptographicOperations.ZeroMemory(salt);
        return true;
    }

    private static int WriteInfo(
        Span<byte> info,
        ReadOnlySpan<byte> prefix,
        ReadOnlySpan<byte> label,
        ReadOnlySpan<byte> context,
        int outputLength
    )
    {
        info[0] = (byte)(outputLength >> 8);
        info[1] = (byte)outputLength;
        info[2] = (byte)(prefix.Length + label.Length);
        prefix.CopyTo(info[3..]);
        label.CopyTo(info[(3 + prefix.Length)..]);
        int at = 3 + prefix.Length + label.Length;
        info[at] = (byte)context.Length;
        context.CopyTo(info[(at + 1)..]);
        return at + 1 + context.Length;
    }

    /// <summary>HKDF-Expand: T(i) = HMAC(secret, T(i-1) | info | i).</summary>
    private static void Expand(bool sha384, ReadOnlySpan<byte> secret, ReadOnlySpan<byte> info, Span<byte> output)
    {
        int hash = HashBytes(sha384);
        Span<byte> block = stackalloc byte[hash];
        for (int i = 1; !output.IsEmpty; i++)
        {
            byte counter = (byte)i;
            Hmac(sha384, secret, i == 1 ? [] : block, info, new ReadOnlySpan<byte>(in counter), block);
            int count = Math.Min(hash, output.Length);
            block[..count].CopyTo(output);
            output = output[count..];
        }
        CryptographicOperations.ZeroMemory(block);
    }

    /// <summary>HMAC (RFC 2104) of three parts; the key is shorter than the hash's block. The output may be one of the parts.</summary>
    private static void Hmac(
        bool sha384,
        ReadOnlySpan<byte> key,
        ReadOnlySpan<byte> first,
        ReadOnlySpan<byte> second,
        ReadOnlySpan<byte> third,
        Span<byte> output
    )
    {
        int blockBytes = sha384 ? MaxBlockBytes : MaxBlockBytes / 2;
        int hash = HashBytes(sha384);
        byte* pad = stackalloc byte[MaxBlockBytes];
        byte* digest = stackalloc byte[MaxHashBytes];
        LibCrypto.ShaContext context;
        new Span<byte>(pad, blockBytes).Fill(0x36);
        for (int i = 0; i < key.Length; i++)
        {
            pad[i] ^= key[i];
        }
        Begin(sha384, &context);
        Add(sha384, &context, new ReadOnlySpan<byte>(pad, blockBytes));
        Add(sha384, &context, first);
        Add(sha384, &context, second);
        Add(sha384, &context, third);
        End(sha384, &context, digest);
        for (int i = 0; i < blockBytes; i++)
        {
            pad[i] ^= 0x36 ^ 0x5c;
        }
        Begin(sha384, &context);
        Add(sha384, &context, new ReadOnlySpan<byte>(pad, blockBytes));
        Add(sha384, &context, new ReadOnlySpan<byte>(digest, hash));
        End(sha384, &context, digest);
        new ReadOnlySpan<byte>(digest, hash).CopyTo(output);
        CryptographicOperations.ZeroMemory(new Span<byte>(pad, MaxBlockBytes));
        CryptographicOperations.ZeroMemory(new Span<byte>(digest, MaxHashBytes));
        CryptographicOperations.ZeroMemory(new Span<byte>(&context, sizeof(LibCrypto.ShaContext)));
    }

    internal static void Begin(bool sha384, LibCrypto.ShaContext* context)
    {
        _ = sha384 ? LibCrypto.SHA384_Init(context) : LibCrypto.SHA256_Init(context);
    }

    internal static void Add(bool sha384, LibCrypto.ShaContext* context, ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty)
        {
            return;
        }
        fixed (byte* start = bytes)
        {
            _ = sha384
                ? LibCrypto.SHA384_Update(context, start, (nuint)bytes.Length)
                : LibCrypto.SHA256_Update(context, start, (nuint)bytes.Length);
        }
    }

    internal static void End(bool sha384, LibCrypto.ShaContext* context, byte* digest)
    {
        _ = sha384 ? LibCrypto.SHA384_Final(digest, context) : LibCrypto.SHA256_Final(digest, context);
    }

    private static bool FindFunctions()
    {
        if (!NativeLibrary.TryLoad(LibCrypto.Library, out nint library))
        {
            return false;
        }
        string[] names = ["SHA256_Init", "SHA256_Update", "SHA256_Final", "SHA384_Init", "SHA384_Update", "SHA384_Final"];
        return Array.TrueForAll(names, name => NativeLibrary.TryGetExport(library, name, out _));
    }
}
