using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace TlsGateway.Tls.BouncyCastle;

/// <summary>What a server must know to resume a session: the content of a ticket, before it is sealed, and of the session cache.</summary>
internal sealed class SessionState
{
    /// <summary>A client that showed a longer chain gets no ticket: its next hello would be too long.</summary>
    public const int MaxChainBytes = 8192;

    private const byte Format = 1;
    private const int FixedBytes = 1 + 2 + 2 + 2 + 8 + 4;

    public required bool IsTls13 { get; init; }

    public required int CipherSuite { get; init; }

    /// <summary>TLS 1.2's; a resumed TLS 1.3 session agrees on a new one.</summary>
    public required int Group { get; init; }

    /// <summary>When the full handshake was. Kept when a ticket is renewed: the keying material has one lifetime (RFC 8446 §4.6.1).</summary>
    public required DateTimeOffset Began { get; init; }

    /// <summary>TLS 1.3's ticket_age_add.</summary>
    public uint AgeAdd { get; init; }

    /// <summary>The master secret of TLS 1.2, the ticket's pre-shared key of TLS 1.3.</summary>
    public required byte[] Secret { get; init; }

    public required string ServerName { get; init; }

    public required string ApplicationProtocol { get; init; }

    /// <summary>The client's certificates, leaf first; checked again when the session is resumed.</summary>
    public required IReadOnlyList<byte[]> PeerChain { get; init; }

    /// <summary>True when the parts of variable length fit where a ticket has room for them.</summary>
    public bool FitsTicket => PeerChain.Sum(static certificate => certificate.Length) <= MaxChainBytes;

    public byte[] Encode()
    {
        byte[] name = Encoding.Latin1.GetBytes(ServerName);
        byte[] protocol = Encoding.UTF8.GetBytes(ApplicationProtocol);
        int chain = PeerChain.Sum(static certificate => 2 + certificate.Length);
        byte[] encoded = new byte[FixedBytes + 1 + Secret.Length + 2 + name.Length + 1 + protocol.Length + chain];
        Span<byte> rest = encoded;
        rest[0] = Format;
        BinaryPrimitives.WriteUInt16BigEndian(rest[1..], (ushort)(IsTls13 ? TlsVersion.Tls13 : TlsVersion.Tls12));
        BinaryPrimitives.WriteUInt16BigEndian(rest[3..], (ushort)CipherSuite);
        BinaryPrimitives.WriteUInt16BigEndian(rest[5..], (ushort)Group);
        BinaryPrimitives.WriteInt64BigEndian(rest[7..], Began.ToUnixTimeMilliseconds());
        BinaryPrimitives.WriteUInt32BigEndian(rest[15..], AgeAdd);
        rest = rest[FixedBytes..];
        rest[0] = (byte)Secret.Length;
        Secret.CopyTo(rest[1..]);
        rest = rest[(1 + Secret.Length)..];
        BinaryPrimitives.WriteUInt16BigEndian(rest, (ushort)name.Length);
        name.CopyTo(rest[2..]);
        rest = rest[(2 + name.Length)..];
        rest[0] = (byte)protocol.Length;
        protocol.CopyTo(rest[1..]);
        rest = rest[(1 + protocol.Length)..];
        foreach (byte[] certificate in PeerChain)
        {
            BinaryPrimitives.WriteUInt16BigEndian(rest, (ushort)certificate.Length);
            certificate.CopyTo(rest[2..]);
            rest = rest[(2 + certificate.Length)..];
        }
        return encoded;
    }

    /// <summary>Null: these are not the bytes of this format. They were authenticated before, so that is another release's ticket, not an attack.</summary>
    public static SessionState? Decode(ReadOnlySpan<byte> encoded)
    {
        if (encoded.Length < FixedBytes || encoded[0] != Format)
        {
            return null;
        }
        ReadOnlySpan<byte> rest = encoded[FixedBytes..];
        if (!TryTake(ref rest, 1, out ReadOnlySpan<byte> secret) || !TryTake(ref rest, 2, out ReadOnlySpan<byte> name))
        {
            return null;
        }
        if (!TryTake(ref rest, 1, out ReadOnlySpan<byte> protocol))
        {
            return null;
        }
        List<byte[]> chain = [];
        while (!rest.IsEmpty)
        {
            if (!TryTake(ref rest, 2, out ReadOnlySpan<byte> certificate))
            {
                return null;
            }
            chain.Add(certificate.ToArray());
        }
        return new SessionState
        {
            IsTls13 = BinaryPrimitives.ReadUInt16BigEndian(encoded[1..]) == (ushort)TlsVersion.Tls13,
            CipherSuite = BinaryPrimitives.ReadUInt16BigEndian(encoded[3..]),
            Group = BinaryPrimitives.ReadUInt16BigEndian(encoded[5..]),
            Began = DateTimeOffset.FromUnixTimeMilliseconds(BinaryPrimitives.ReadInt64BigEndian(encoded[7..])),
            AgeAdd = BinaryPrimitives.ReadUInt32BigEndian(encoded[15..]),
            Secret = secret.ToArray(),
            ServerName = Encoding.Latin1.GetString(name),
            ApplicationProtocol = Encoding.UTF8.GetString(protocol),
            PeerChain = chain,
        };
    }

    /// <summary>Overwrites the secret.</summary>
    public void Clear() => CryptographicOperations.ZeroMemory(Secret);

    /// <summary>Takes a vector whose length stands in its first <paramref name="lengthBytes"/> bytes.</summary>
    private static bool TryTake(ref ReadOnlySpan<byte> rest, int lengthBytes, out ReadOnlySpan<byte> vector)
    {
        vector = default;
        if (rest.Length < lengthBytes)
        {
            return false;
        }
        int length = lengthBytes == 1 ? rest[0] : BinaryPrimitives.ReadUInt16BigEndian(rest);
        if (rest.Length < lengthBytes + length)
        {
            return false;
        }
        vector = rest.Slice(lengthBytes, length);
        rest = rest[(lengthBytes + length)..];
        return true;
    }
}
