namespace TlsGateway.Tls;

/// <summary>What the first bytes of a connection are.</summary>
public enum FirstBytes
{
    /// <summary>Too few bytes to tell.</summary>
    NeedMore,

    /// <summary>A TLS handshake record, with a ClientHello in it as far as can be seen.</summary>
    TlsHandshake,

    /// <summary>An HTTP request without TLS: worth an answer that says so.</summary>
    PlainHttp,

    /// <summary>Something else, SSLv2 among it.</summary>
    NotTls,
}

/// <summary>Tells a TLS client from one that speaks something else, from the first bytes that it sent, as early as they allow.</summary>
public static class ClientHelloClassifier
{
    private const byte HandshakeRecord = 22;
    private const byte MajorVersion = 3;
    private const byte ClientHello = 1;

    /// <summary>TLSCiphertext.length of TLS 1.2, the larger bound (RFC 5246 §6.2.3): 2^14 + 2048.</summary>
    private const int MaxRecordLength = 16384 + 2048;

    /// <summary>RFC 9110 §9.3 and RFC 5789; PRI begins the HTTP/2 preface (RFC 9113 §3.4). The space belongs to the token: it is what makes it one.</summary>
    private static readonly string[] Methods =
    [
        "GET ",
        "HEAD ",
        "POST ",
        "PUT ",
        "DELETE ",
        "OPTIONS ",
        "CONNECT ",
        "PATCH ",
        "TRACE ",
        "PRI ",
    ];

    /// <summary>Looks at <paramref name="first"/>, all that was received so far. Once the answer is not NeedMore, more bytes do not change it.</summary>
    public static FirstBytes Classify(ReadOnlySpan<byte> first)
    {
        if (first.IsEmpty)
        {
            return FirstBytes.NeedMore;
        }
        return first[0] == HandshakeRecord ? ClassifyRecord(first) : ClassifyText(first);
    }

    private static FirstBytes ClassifyRecord(ReadOnlySpan<byte> first)
    {
        // RFC 8446 §5.1: ContentType, ProtocolVersion, length, then the handshake message whose first byte is its type.
        if (first.Length >= 2 && first[1] != MajorVersion)
        {
            return FirstBytes.NotTls;
        }
        if (first.Length >= 5 && ((first[3] << 8) | first[4]) is 0 or > MaxRecordLength)
        {
            return FirstBytes.NotTls;
        }
        if (first.Length >= 6)
        {
            return first[5] == ClientHello ? FirstBytes.TlsHandshake : FirstBytes.NotTls;
        }
        return FirstBytes.NeedMore;
    }

    private static FirstBytes ClassifyText(ReadOnlySpan<byte> first)
    {
        FirstBytes answer = FirstBytes.NotTls;
        foreach (string method in Methods)
        {
            int length = Math.Min(method.Length, first.Length);
            if (!System.Text.Ascii.Equals(first[..length], method.AsSpan(0, length)))
            {
                continue;
            }
            if (length == method.Length)
            {
                return FirstBytes.PlainHttp;
            }
            answer = FirstBytes.NeedMore;
        }
        return answer;
    }
}
