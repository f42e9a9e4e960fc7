using TlsGateway.Tls;
using TlsGateway.Tls.Hello;

namespace TlsGateway.Actors.Connections;

/// <summary>
/// Looks at what a client sends first, before any engine does: TLS or not, and the ClientHello. Keeps a copy only of one that comes in pieces, and bounds
/// both the copy and the work: a hello is read again only when enough came for it to be whole.
/// </summary>
internal struct FirstFlight
{
    private const int RecordHeader = 5;
    private const int MessageHeader = 4;

    /// <summary>Records that one hello may be cut into. Clients use one, or a few where a middlebox is to be dodged.</summary>
    private const int MaxRecords = 64;

    /// <summary>Taken while the first record holds less than a message header, as no client's does.</summary>
    private const int MaxUnmeasured = 4096;

    private byte[]? _kept;
    private int _count;

    /// <summary>A hello seems to have begun: what follows is the handshake's failure, not a stray connection.</summary>
    public bool HasBegun { get; private set; }

    /// <summary>Adds what was received.</summary>
    /// <param name="received">Next bytes.</param>
    /// <param name="maxBytes">More are not taken: a hello that is not whole by then is too long.</param>
    /// <param name="hello">With <see cref="FirstBytes.TlsHandshake"/>: the hello.</param>
    /// <param name="refusal">With <see cref="FirstBytes.NotTls"/>: why, if it was a hello at all; else <see cref="TlsFailure.None"/>.</param>
    public FirstBytes Look(ReadOnlySpan<byte> received, int maxBytes, out ClientHello? hello, out TlsFailure refusal)
    {
        hello = null;
        refusal = TlsFailure.None;
        var isFirst = _kept is null;
        var all = All(received);
        var kind = ClientHelloClassifier.Classify(all);
        if (kind == FirstBytes.TlsHandshake)
        {
            HasBegun = true;
            kind = Read(all, maxBytes, out hello, out refusal);
        }

        if (kind != FirstBytes.NeedMore)
            _kept = null;
        else if (isFirst)
            Append(received);
        return kind;
    }

    private static FirstBytes Read(ReadOnlySpan<byte> all, int maxBytes, out ClientHello? hello, out TlsFailure refusal)
    {
        hello = null;
        refusal = TlsFailure.None;
        var length = MessageLength(all);
        // Not whole for sure: not worth a walk over its records, which a client that sends byte by byte could ask for thousands of times.
        var isPartial = length > 0 && length <= ClientHelloReader.MaxMessageBytes && all.Length < RecordHeader + length;
        var status = isPartial ? ClientHelloStatus.NeedMore : ClientHelloReader.Read(all, out hello);
        if (
            status == ClientHelloStatus.NeedMore
            && all.Length > Math.Min(maxBytes, Math.Max(length, MaxUnmeasured) + (MaxRecords * RecordHeader))
        )
            status = ClientHelloStatus.TooLong;
        switch (status)
        {
            case ClientHelloStatus.Complete:
                return FirstBytes.TlsHandshake;
            case ClientHelloStatus.NeedMore:
                return FirstBytes.NeedMore;
            default:
                refusal = RefusalOf(status);
                return FirstBytes.NotTls;
        }
    }

    /// <summary>Of the whole message, with its header, if the first record holds that; else 0.</summary>
    private static int MessageLength(ReadOnlySpan<byte> all) =>
        all.Length >= RecordHeader + MessageHeader && ((all[3] << 8) | all[4]) >= MessageHeader
            ? MessageHeader + ((all[6] << 16) | (all[7] << 8) | all[8])
            : 0;

    private static TlsFailure RefusalOf(ClientHelloStatus status) =>
        status switch
        {
            // RFC 8446 §6.2 has an alert for each.
            ClientHelloStatus.NotAClientHello => new TlsFailure(
                TlsFailureKind.ProtocolViolation,
                10,
                "the records after the first hold no ClientHello"
            ),
            ClientHelloStatus.DuplicateExtension => new TlsFailure(
                TlsFailureKind.ProtocolViolation,
                47,
                "the ClientHello has an extension twice"
            ),
            ClientHelloStatus.TooLong => new TlsFailure(
                TlsFailureKind.LimitExceeded,
                47,
                "the ClientHello is too long, or in too many records"
            ),
            _ => new TlsFailure(TlsFailureKind.ProtocolViolation, 50, "the lengths in the ClientHello contradict each other"),
        };

    private ReadOnlySpan<byte> All(ReadOnlySpan<byte> received)
    {
        if (_kept is null)
            return received;
        Append(received);
        return _kept.AsSpan(0, _count);
    }

    private void Append(ReadOnlySpan<byte> received)
    {
        if (_kept is null || _kept.Length < _count + received.Length)
            Array.Resize(ref _kept, Math.Max(2 * _count, _count + received.Length));
        received.CopyTo(_kept.AsSpan(_count));
        _count += received.Length;
    }
}
