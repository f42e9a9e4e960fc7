using System.Buffers.Binary;
using Org.BouncyCastle.Tls;

namespace TlsGateway.Tls.BouncyCastle;

/// <summary>What BouncyCastle does not read or write of tickets on TLS 1.3.</summary>
internal static class TicketMessages
{
    /// <summary>Reads and clears the obfuscated_ticket_age of each identity in a pre_shared_key extension; what is malformed is left to BouncyCastle.</summary>
    public static uint[] TakeAges(byte[] extension)
    {
        List<uint> ages = [];
        if (extension.Length < sizeof(ushort))
        {
            return [];
        }
        Span<byte> rest = extension.AsSpan(sizeof(ushort));
        rest = rest[..Math.Min(rest.Length, BinaryPrimitives.ReadUInt16BigEndian(extension))];
        while (rest.Length >= sizeof(ushort))
        {
            int identity = sizeof(ushort) + BinaryPrimitives.ReadUInt16BigEndian(rest);
            if (rest.Length < identity + sizeof(uint))
            {
                break;
            }
            Span<byte> age = rest.Slice(identity, sizeof(uint));
            ages.Add(BinaryPrimitives.ReadUInt32BigEndian(age));
            age.Clear();
            rest = rest[(identity + sizeof(uint))..];
        }
        return [.. ages];
    }

    /// <summary>NewSessionTicket without extensions: no early data.</summary>
    public static byte[] NewSessionTicket(SessionState state, byte[] nonce, byte[] ticket, int lifetime)
    {
        int body = sizeof(uint) + sizeof(uint) + 1 + nonce.Length + sizeof(ushort) + ticket.Length + sizeof(ushort);
        byte[] message = new byte[sizeof(uint) + body];
        Span<byte> rest = message;
        BinaryPrimitives.WriteInt32BigEndian(rest, body);
        rest[0] = (byte)HandshakeType.new_session_ticket;
        BinaryPrimitives.WriteInt32BigEndian(rest[4..], lifetime);
        BinaryPrimitives.WriteUInt32BigEndian(rest[8..], state.AgeAdd);
        rest[12] = (byte)nonce.Length;
        nonce.CopyTo(rest[13..]);
        rest = rest[(13 + nonce.Length)..];
        BinaryPrimitives.WriteUInt16BigEndian(rest, (ushort)ticket.Length);
        ticket.CopyTo(rest[2..]);
        return message;
    }
}
