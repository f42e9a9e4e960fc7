using System.Security.Cryptography;

namespace TlsGateway.Tls.Tickets;

/// <summary>One key under which session tickets are sealed (RFC 5077 §4): a public name, an AES-256 key and an HMAC-SHA-256 key. Never shown as text.</summary>
public sealed class TicketKey
{
    /// <summary>Bytes of <see cref="Name"/>, as OpenSSL and nginx have it.</summary>
    public const int NameBytes = 16;

    /// <summary>Bytes of each secret key.</summary>
    public const int SecretBytes = 32;

    /// <summary>Bytes of a whole key as text files and the fleet carry it: name, HMAC key, AES key, the order of an 80-byte nginx ticket key file.</summary>
    public const int WholeBytes = NameBytes + (2 * SecretBytes);

    private readonly byte[] _whole;

    private TicketKey(byte[] whole) => _whole = whole;

    /// <summary>A copy that came over the wire and was never used is overwritten too; one that a ring held is kept alive by whoever drops it, until no handshake can be using it.</summary>
#pragma warning disable MA0055 // The array is managed and reachable until here: all that is wanted is that no secret outlives its last user.
    ~TicketKey() => Clear();
#pragma warning restore MA0055

    /// <summary>As <see cref="From"/> takes it: secret.</summary>
    public ReadOnlySpan<byte> Whole => _whole;

    /// <summary>Stands in clear at the start of each ticket.</summary>
    public ReadOnlySpan<byte> Name => _whole.AsSpan(0, NameBytes);

    public ReadOnlySpan<byte> HmacKey => _whole.AsSpan(NameBytes, SecretBytes);

    public ReadOnlySpan<byte> AesKey => _whole.AsSpan(NameBytes + SecretBytes, SecretBytes);

    /// <summary>A new random key.</summary>
    public static TicketKey Create()
    {
        byte[] whole = GC.AllocateUninitializedArray<byte>(WholeBytes, pinned: true);
        RandomNumberGenerator.Fill(whole);
        return new TicketKey(whole);
    }

    /// <summary>Copies <paramref name="whole"/>, which must have <see cref="WholeBytes"/> bytes; the caller clears its own copy.</summary>
    public static TicketKey From(ReadOnlySpan<byte> whole)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(whole.Length, WholeBytes);
        // Pinned: the collector leaves no copies behind.
        byte[] copy = GC.AllocateUninitializedArray<byte>(WholeBytes, pinned: true);
        whole.CopyTo(copy);
        return new TicketKey(copy);
    }

    /// <summary>True when <paramref name="other"/> is the same key. Constant time.</summary>
    public bool IsSameAs(TicketKey other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return CryptographicOperations.FixedTimeEquals(_whole, other._whole);
    }

    public override string ToString() => $"TicketKey({Convert.ToHexStringLower(Name[..4])}…)";

    /// <summary>Overwrites the secrets. Only for a key that no ring holds any more and no handshake can be using.</summary>
    public void Clear() => CryptographicOperations.ZeroMemory(_whole);
}
