using System.Buffers.Binary;

namespace TlsGateway.Tls.Hello;

/// <summary>
/// Reads a ClientHello from the first bytes of a connection, however they are cut into records, without an engine and without consuming them. Trusts nothing: a
/// length is checked once, then its bytes are read from a span of just that length.
/// </summary>
public static class ClientHelloReader
{
    /// <summary>
    /// The longest message taken: 64 KiB. A hello of today has 0.5 to 2 KiB; with post-quantum key shares and many tickets it stays well under 20.
    /// </summary>
    public const int MaxMessageBytes = 64 * 1024;

    private const int RecordHeaderBytes = 5;
    private const int MessageHeaderBytes = 4;

    /// <summary>RFC 8446 §5.1.</summary>
    private const int MaxFragmentBytes = 16384;
    private const byte HandshakeRecord = 22;
    private const byte ClientHelloMessage = 1;

    /// <summary>Reads from the connection's first byte on.</summary>
    /// <param name="received">All that came so far.</param>
    /// <param name="hello">The hello, if the status is <see cref="ClientHelloStatus.Complete"/>.</param>
    public static ClientHelloStatus Read(ReadOnlySpan<byte> received, out ClientHello? hello)
    {
        hello = null;
        ClientHelloStatus status = Measure(received, out int total, out int fragments);
        if (status != ClientHelloStatus.Complete)
        {
            return status;
        }
        ReadOnlySpan<byte> message = fragments == 1 ? received.Slice(RecordHeaderBytes, total) : Join(received, total);
        return new ClientHelloBody(message[MessageHeaderBytes..]).Read(out hello);
    }

    /// <summary>Walks the records without copying: whether the message is there, how long it is, and in how many records it lies.</summary>
    private static ClientHelloStatus Measure(ReadOnlySpan<byte> received, out int total, out int fragments)
    {
        // Type and length of the message, which may themselves be cut.
        Span<byte> start = stackalloc byte[MessageHeaderBytes];
        total = int.MaxValue;
        fragments = 0;
        int have = 0;
        while (have < total)
        {
            ClientHelloStatus status = NextFragment(received, out ReadOnlySpan<byte> fragment, out bool isWhole);
            if (status != ClientHelloStatus.Complete)
            {
                return status;
            }
            fragments++;
            for (int i = 0; have + i < MessageHeaderBytes && i < fragment.Length; i++)
            {
                start[have + i] = fragment[i];
            }
            have += fragment.Length;
            if (have > 0 && start[0] != ClientHelloMessage)
            {
                return ClientHelloStatus.NotAClientHello;
            }
            if (have >= MessageHeaderBytes)
            {
                total = MessageHeaderBytes + ((start[1] << 16) | (start[2] << 8) | start[3]);
            }
            if (have >= MessageHeaderBytes && total > MaxMessageBytes)
            {
                return ClientHelloStatus.TooLong;
            }
            if (!isWhole && have < total)
            {
                return ClientHelloStatus.NeedMore;
            }
            received = received[Math.Min(received.Length, RecordHeaderBytes + fragment.Length)..];
        }
        return ClientHelloStatus.Complete;
    }

    /// <summary>The fragment of the record that <paramref name="received"/> begins with, as far as it has come.</summary>
    private static ClientHelloStatus NextFragment(ReadOnlySpan<byte> received, out ReadOnlySpan<byte> fragment, out bool isWhole)
    {
        fragment = default;
        isWhole = false;
        // RFC 8446 §5.1: type, legacy_record_version (only its first byte is sure, §D.5), length.
        if ((received.Length > 0 && received[0] != HandshakeRecord) || (received.Length > 1 && received[1] != 3))
        {
            return ClientHelloStatus.NotAClientHello;
        }
        if (received.Length < RecordHeaderBytes)
        {
            return ClientHelloStatus.NeedMore;
        }
        int length = BinaryPrimitives.ReadUInt16BigEndian(received[3..]);
        if (length is 0 or > MaxFragmentBytes)
        {
            // RFC 8446 §5.1: handshake fragments are never empty, and bounded.
            return ClientHelloStatus.Malformed;
        }
        fragment = received.Slice(RecordHeaderBytes, Math.Min(length, received.Length - RecordHeaderBytes));
        isWhole = fragment.Length == length;
        return ClientHelloStatus.Complete;
    }

    /// <summary>The message out of several records, which <see cref="Measure"/> has walked.</summary>
    private static byte[] Join(ReadOnlySpan<byte> received, int total)
    {
        byte[] message = new byte[total];
        int have = 0;
        while (have < total)
        {
            _ = NextFragment(received, out ReadOnlySpan<byte> fragment, out _);
            int count = Math.Min(fragment.Length, total - have);
            fragment[..count].CopyTo(message.AsSpan(have));
            have += count;
            received = received[(RecordHeaderBytes + fragment.Length)..];
        }
        return message;
    }
}
