using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using TlsGateway.Tls.Tickets;

namespace TlsGateway.Tls.OpenSsl;

/// <summary>SSL_CTX_set_tlsext_ticket_key_evp_cb(3): AES-256-CBC and HMAC-SHA-256 with the keys of the session's <see cref="TicketKeyRing"/> (RFC 5077 §4). Allocates nothing managed.</summary>
internal static unsafe class TicketSealer
{
    private const int Failed = -1;
    private const int Unknown = 0;
    private const int Opened = 1;

    /// <summary>The ticket is good and the client is to get a new one, under the newest key.</summary>
    private const int OpenedRenew = 2;

    private const int IvBytes = 16;

    /// <summary>Fetched once: a look-up by name for every ticket would cost as much as the encryption.</summary>
    private static readonly nint Cipher = Fetch();

    /// <summary>OSSL_PARAM names and values; they live as long as the process.</summary>
    private static readonly byte* KeyName = Text("key"u8);
    private static readonly byte* DigestName = Text("digest"u8);
    private static readonly byte* Digest = Text("SHA256"u8);

    /// <summary>Makes everything that the callback uses, so that a failure is one of setting up.</summary>
    public static void Use(nint context)
    {
        RuntimeHelpers.RunClassConstructor(typeof(TicketSealer).TypeHandle);
        if (LibSsl.SSL_CTX_set_tlsext_ticket_key_evp_cb(context, &OnTicket) != 1)
        {
            throw new TlsConfigurationException($"OpenSSL refused the ticket keys: {OpenSslErrors.DrainText()}.");
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnTicket(nint ssl, byte* name, byte* iv, nint cipher, nint mac, int seal)
    {
        try
        {
            TicketKeyRing ring = SessionCallbacks.SessionOf(ssl).TicketKeys;
            Span<byte> nameBytes = new(name, TicketKey.NameBytes);
            if (seal == 1)
            {
                TicketKey newest = ring.Newest;
                newest.Name.CopyTo(nameBytes);
                PublicRandom.Fill(new Span<byte>(iv, IvBytes));
                return Begin(newest, iv, cipher, mac, encrypt: 1) ? Opened : Failed;
            }
            if (!ring.TryFind(nameBytes, out TicketKey key, out bool isNewest))
            {
                return Unknown;
            }
            if (!Begin(key, iv, cipher, mac, encrypt: 0))
            {
                return Failed;
            }
            return isNewest ? Opened : OpenedRenew;
        }
        catch (Exception)
        {
            // No random numbers, no memory: the handshake goes on without a ticket or ends; the process does not.
            return Failed;
        }
    }

    private static bool Begin(TicketKey key, byte* iv, nint cipher, nint mac, int encrypt)
    {
        // The spans are of pinned arrays that the ring or the caller keeps alive; OpenSSL copies what it needs.
        fixed (byte* aes = key.AesKey)
        fixed (byte* hmac = key.HmacKey)
        {
            OsslParameter* parameters = stackalloc OsslParameter[3];
            parameters[0] = OsslParameter.OfOctets(KeyName, hmac, TicketKey.SecretBytes);
            parameters[1] = OsslParameter.OfText(DigestName, Digest);
            parameters[2] = default;
            return LibCrypto.EVP_MAC_CTX_set_params(mac, parameters) == 1
                && LibCrypto.EVP_CipherInit_ex(cipher, Cipher, 0, aes, iv, encrypt) == 1;
        }
    }

    private static nint Fetch()
    {
        nint cipher = LibCrypto.EVP_CIPHER_fetch(0, "AES-256-CBC", null);
        return cipher != 0 ? cipher : throw new TlsConfigurationException($"OpenSSL has no AES-256-CBC: {OpenSslErrors.DrainText()}.");
    }

    private static byte* Text(ReadOnlySpan<byte> text)
    {
        byte* copy = (byte*)NativeMemory.AllocZeroed((nuint)text.Length + 1);
        text.CopyTo(new Span<byte>(copy, text.Length));
        return copy;
    }
}
