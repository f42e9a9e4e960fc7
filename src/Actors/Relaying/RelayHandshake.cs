using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using TlsGateway.Actors.ProxyProtocol;

namespace TlsGateway.Actors.Relaying;

/// <summary>
/// How a member hands a connection to another. The one that is connected to sends a challenge; the other answers with a PROXY header of version 2 that has, as its last TLV, an authentication code over challenge
/// and header; the first confirms with a code of its own, and only then do the client's bytes flow. A recorded header is worth nothing, since the next challenge is another one, and no clock is needed.
/// </summary>
/// <remarks>TLVs of the range for applications (PROXY protocol §2.2.8): 0xE0 the listener, 0xE1 the origin, 0xE2 key name and HMAC-SHA-256. ADR 0011.</remarks>
internal static class RelayHandshake
{
    /// <summary>What the version of this exchange is called, at the start of the challenge.</summary>
    private const int MagicBytes = 4;
    private const int NonceBytes = 32;

    public const int ChallengeBytes = MagicBytes + NonceBytes;

    /// <summary>The confirmation is the same long.</summary>
    public const int ConfirmationBytes = MagicBytes + RelayKey.MacBytes;

    /// <summary>Addresses and two names of 255 bytes fit.</summary>
    public const int MaxRequestBytes = 1024;

    private const byte TypeListener = 0xE0;
    private const byte TypeOrigin = 0xE1;
    private const byte TypeMac = 0xE2;
    private const int MacValueBytes = RelayKey.NameBytes + RelayKey.MacBytes;

    private static ReadOnlySpan<byte> Magic => "TGR1"u8;

    private static ReadOnlySpan<byte> RequestLabel => "relay request 1\0"u8;

    private static ReadOnlySpan<byte> ConfirmationLabel => "relay confirmed\0"u8;

    public static void WriteChallenge(Span<byte> destination)
    {
        Magic.CopyTo(destination);
        RandomNumberGenerator.Fill(destination.Slice(MagicBytes, NonceBytes));
    }

    /// <summary>Of this version.</summary>
    public static bool IsChallenge(ReadOnlySpan<byte> received) => received.Length == ChallengeBytes && received.StartsWith(Magic);

    /// <returns>Bytes written to <paramref name="destination"/>, which has <see cref="MaxRequestBytes"/>.</returns>
    public static int WriteRequest(RelayRequest request, ReadOnlySpan<byte> challenge, RelayKey key, Span<byte> destination)
    {
        var header = new ProxyHeader { Source = request.Client, Destination = request.Destination };
        Span<byte> whole = stackalloc byte[ProxyHeaderWriter.MaxBytes];
        var at = ProxyHeaderWriter.WriteAddresses(header, whole);
        at = ProxyHeaderWriter.Value(whole, at, TypeListener, request.Listener);
        at = ProxyHeaderWriter.Value(whole, at, TypeOrigin, request.Origin);
        var mac = at + 3 + RelayKey.NameBytes;
        at = ProxyHeaderWriter.Value(whole, at, TypeMac, stackalloc byte[MacValueBytes]);
        key.Name.CopyTo(whole[(mac - RelayKey.NameBytes)..]);
        BinaryPrimitives.WriteUInt16BigEndian(whole[14..], (ushort)(at - ProxyWire.FixedBytes));
        Authenticate(key, RequestLabel, challenge, whole[..mac], whole[mac..at]);
        whole[..at].CopyTo(destination);
        return at;
    }

    /// <summary>Looks at all that came so far.</summary>
    /// <param name="received">Of the connection's first bytes, <see cref="MaxRequestBytes"/> at most.</param>
    /// <param name="challenge">That was sent.</param>
    /// <param name="keys">Of the moment.</param>
    /// <param name="request">With <see cref="RelayOutcome.Relayed"/>.</param>
    /// <param name="confirmation">Gets <see cref="ConfirmationBytes"/>, to be sent if the connection is taken.</param>
    /// <returns>Null: more has to come.</returns>
    public static RelayOutcome? Read(
        ReadOnlySpan<byte> received,
        ReadOnlySpan<byte> challenge,
        RelayKeyRing keys,
        out RelayRequest? request,
        Span<byte> confirmation
    )
    {
        request = null;
        switch (ProxyHeaderReader.Read(received, out var header, out var length, out _))
        {
            case ProxyHeaderStatus.NeedMore:
                return received.Length < MaxRequestBytes ? null : RelayOutcome.Malformed;
            case ProxyHeaderStatus.Malformed:
                return RelayOutcome.Malformed;
        }

        // The client's bytes come after the confirmation only.
        if (
            header is not { IsLocal: false, Source: { } client, Destination: { } destination }
            || received.Length != length
            || !TryReadValues(received, out var listener, out var origin, out var mac)
        )
            return RelayOutcome.Malformed;
        if (keys.Find(mac[..RelayKey.NameBytes]) is not { } key)
            return RelayOutcome.UnknownKey;
        Span<byte> expected = stackalloc byte[RelayKey.MacBytes];
        var given = mac[RelayKey.NameBytes..];
        Authenticate(key, RequestLabel, challenge, received[..^RelayKey.MacBytes], expected);
        if (!CryptographicOperations.FixedTimeEquals(given, expected))
            return RelayOutcome.WrongMac;
        request = new RelayRequest(listener, origin, client, destination);
        Magic.CopyTo(confirmation);
        Authenticate(key, ConfirmationLabel, challenge, given, confirmation.Slice(MagicBytes, RelayKey.MacBytes));
        return RelayOutcome.Relayed;
    }

    /// <summary>Whether it is the answer of a member to <paramref name="request"/>. Constant time.</summary>
    public static bool IsConfirmation(ReadOnlySpan<byte> received, ReadOnlySpan<byte> challenge, ReadOnlySpan<byte> request, RelayKey key)
    {
        Span<byte> expected = stackalloc byte[ConfirmationBytes];
        Magic.CopyTo(expected);
        Authenticate(key, ConfirmationLabel, challenge, request[^RelayKey.MacBytes..], expected[MagicBytes..]);
        return CryptographicOperations.FixedTimeEquals(received, expected);
    }

    /// <summary>Label and challenge have fixed lengths, so the join has one reading.</summary>
    private static void Authenticate(
        RelayKey key,
        ReadOnlySpan<byte> label,
        ReadOnlySpan<byte> challenge,
        ReadOnlySpan<byte> text,
        Span<byte> mac
    )
    {
        Span<byte> all = stackalloc byte[label.Length + challenge.Length + text.Length];
        label.CopyTo(all);
        challenge.CopyTo(all[label.Length..]);
        text.CopyTo(all[(label.Length + challenge.Length)..]);
        key.Mac(all, mac);
    }

    /// <summary>The header is whole and its TLVs fit into it; the code is the last thing in it.</summary>
    private static bool TryReadValues(ReadOnlySpan<byte> header, out string listener, out string origin, out ReadOnlySpan<byte> mac)
    {
        listener = origin = "";
        mac = default;
        var at = ProxyWire.FixedBytes + (header[13] == ProxyWire.FamilyTcp4 ? 12 : 36);
        while (at < header.Length)
        {
            if (!ProxyHeaderReader.TryTake(header, ref at, out var type, out var value))
                return false;
            switch (type)
            {
                case TypeListener:
                    listener = Encoding.UTF8.GetString(value);
                    break;
                case TypeOrigin:
                    origin = Encoding.UTF8.GetString(value);
                    break;
                case TypeMac when at == header.Length && value.Length == MacValueBytes:
                    mac = value;
                    break;
                case TypeMac:
                    return false;
            }
        }

        return !mac.IsEmpty && listener.Length > 0;
    }
}
