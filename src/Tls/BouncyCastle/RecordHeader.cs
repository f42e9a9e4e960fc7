using System.Buffers.Binary;

namespace TlsGateway.Tls.BouncyCastle;

/// <summary>The header of a record (RFC 8446 §5.1, RFC 5246 §6.2.1), looked at before BouncyCastle sees the record.</summary>
internal static class RecordHeader
{
    public const int Bytes = 5;

    /// <summary>RFC 5246 §6.2.3: 2^14 + 2048; TLS 1.3 allows less, which BouncyCastle holds the peer to.</summary>
    public const int MaxFragment = 16384 + 2048;

    public const int MaxRecord = Bytes + MaxFragment;

    private const int UnexpectedMessage = 10;
    private const int RecordOverflow = 22;
    private const int ProtocolVersion = 70;

    /// <summary>The length of the whole record.</summary>
    public static int RecordLength(ReadOnlySpan<byte> header) => Bytes + BinaryPrimitives.ReadUInt16BigEndian(header[3..]);

    /// <summary>None when the header is one that TLS 1.2 or 1.3 may send.</summary>
    public static TlsFailure Check(ReadOnlySpan<byte> header)
    {
        if (header[0] is < 20 or > 23)
        {
            return Violation(UnexpectedMessage, "not a TLS record: unknown content type");
        }
        if (header[1] != 3)
        {
            return Violation(ProtocolVersion, "not a TLS record: wrong version");
        }
        return RecordLength(header) > MaxRecord ? Violation(RecordOverflow, "the record is too long") : TlsFailure.None;
    }

    private static TlsFailure Violation(int alert, string detail) => new(TlsFailureKind.ProtocolViolation, alert, detail);
}
