using System.Security.Cryptography;
using TlsGateway.Tls.Tickets;

namespace TlsGateway.Tls.BouncyCastle;

/// <summary>
/// Tickets as RFC 5077 §4 recommends: key name, IV, AES-256-CBC, HMAC-SHA-256 over all of it. The MAC also covers the listener's scope and a label of this engine, so that a
/// ticket of another listener or of the other engine, under the same keys, is as unknown as a forged one.
/// </summary>
internal static class TicketSeal
{
    private const int IvBytes = 16;
    private const int MacBytes = 32;

    private static ReadOnlySpan<byte> Label => "bouncycastle ticket 1"u8;

    public static byte[] Seal(TicketKey key, ReadOnlySpan<byte> scope, byte[] content)
    {
        Span<byte> iv = stackalloc byte[IvBytes];
        PublicRandom.Fill(iv);
        using Aes aes = Aes.Create();
        aes.SetKey(key.AesKey);
        byte[] encrypted = aes.EncryptCbc(content, iv);
        byte[] ticket = new byte[TicketKey.NameBytes + IvBytes + encrypted.Length + MacBytes];
        key.Name.CopyTo(ticket);
        iv.CopyTo(ticket.AsSpan(TicketKey.NameBytes));
        encrypted.CopyTo(ticket.AsSpan(TicketKey.NameBytes + IvBytes));
        Mac(key, scope, ticket.AsSpan(0, ticket.Length - MacBytes), ticket.AsSpan(ticket.Length - MacBytes));
        return ticket;
    }

    /// <summary>The content; null: no key of the ring made this ticket for this scope.</summary>
    /// <param name="ring">The keys.</param>
    /// <param name="scope">The listener's.</param>
    /// <param name="ticket">From the client.</param>
    /// <param name="isNewest">False: a ticket under the newest key should be given.</param>
    public static byte[]? Open(TicketKeyRing ring, ReadOnlySpan<byte> scope, ReadOnlySpan<byte> ticket, out bool isNewest)
    {
        isNewest = false;
        if (
            ticket.Length < TicketKey.NameBytes + IvBytes + MacBytes
            || !ring.TryFind(ticket[..TicketKey.NameBytes], out TicketKey key, out isNewest)
        )
        {
            return null;
        }
        Span<byte> mac = stackalloc byte[MacBytes];
        Mac(key, scope, ticket[..^MacBytes], mac);
        if (!CryptographicOperations.FixedTimeEquals(mac, ticket[^MacBytes..]))
        {
            return null;
        }
        using Aes aes = Aes.Create();
        aes.SetKey(key.AesKey);
        try
        {
            return aes.DecryptCbc(ticket[(TicketKey.NameBytes + IvBytes)..^MacBytes], ticket.Slice(TicketKey.NameBytes, IvBytes));
        }
        catch (CryptographicException)
        {
            return null;
        }
    }

    private static void Mac(TicketKey key, ReadOnlySpan<byte> scope, ReadOnlySpan<byte> sealedPart, Span<byte> mac)
    {
        using IncrementalHash hash = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, key.HmacKey);
        hash.AppendData(Label);
        hash.AppendData(scope);
        hash.AppendData(sealedPart);
        _ = hash.GetHashAndReset(mac);
    }
}
