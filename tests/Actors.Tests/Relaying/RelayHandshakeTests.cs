using TlsGateway.Actors.ProxyProtocol;
using TlsGateway.Actors.Relaying;
using TlsGateway.Tls.Tickets;
using TlsGateway.Transport;

namespace TlsGateway.Actors.Tests.Relaying;

public sealed class RelayHandshakeTests
{
    private static readonly RelayRequest Request = new("tls", "10.0.0.1:4053", At("192.0.2.7:40000"), At("10.0.0.1:8443"));

    private readonly TicketKey _ticketKey = TicketKey.Create();
    private readonly RelayKeyRing _keys = new();

    public RelayHandshakeTests() => _keys.Use([_ticketKey], sealing: 0);

    [Theory]
    [InlineData("192.0.2.7:40000", "10.0.0.1:8443")]
    [InlineData("[2001:db8::7]:40000", "[2001:db8::1]:8443")]
    public void A_member_says_whose_connection_it_hands_over(string client, string destination)
    {
        var request = Request with { Client = At(client), Destination = At(destination) };
        var (challenge, written) = Write(request);
        var confirmation = new byte[RelayHandshake.ConfirmationBytes];
        Assert.Equal(RelayOutcome.Relayed, RelayHandshake.Read(written, challenge, _keys, out var read, confirmation));
        Assert.Equal(request, read);
        Assert.True(RelayHandshake.IsConfirmation(confirmation, challenge, written, _keys.Sealing!));
    }

    [Fact]
    public void What_it_says_is_a_PROXY_header_for_others_too()
    {
        var (_, written) = Write(Request);
        Assert.Equal(ProxyHeaderStatus.Complete, ProxyHeaderReader.Read(written, out var header, out var length, out _));
        Assert.Equal(written.Length, length);
        Assert.Equal(Request.Client, header!.Source);
    }

    [Fact]
    public void A_recorded_header_is_refused_since_the_challenge_is_another()
    {
        var (_, written) = Write(Request);
        Assert.Equal(RelayOutcome.WrongMac, Read(written, Challenge()));
    }

    [Fact]
    public void A_header_with_any_bit_changed_is_refused()
    {
        var (challenge, written) = Write(Request);
        for (var bit = 0; bit < written.Length * 8; bit++)
        {
            var changed = written.ToArray();
            changed[bit / 8] ^= (byte)(1 << (bit % 8));
            // A longer one is waited for, until the time is over.
            var outcome = Read(changed, challenge);
            Assert.True(
                outcome is null or RelayOutcome.Malformed or RelayOutcome.UnknownKey or RelayOutcome.WrongMac,
                $"bit {bit}: {outcome}"
            );
        }
    }

    [Fact]
    public void A_header_comes_in_pieces_and_nothing_comes_behind_it()
    {
        var (challenge, written) = Write(Request);
        for (var length = 0; length < written.Length; length++)
            Assert.Null(Read(written[..length], challenge));
        Assert.Equal(RelayOutcome.Malformed, Read([.. written, 0x16], challenge));
    }

    [Fact]
    public void Keys_change_with_the_ticket_keys_and_an_old_one_is_refused_once_it_has_gone()
    {
        var (challenge, written) = Write(Request);
        var next = TicketKey.Create();
        _keys.Use([next, _ticketKey], sealing: 1);
        Assert.Equal(RelayOutcome.Relayed, Read(written, challenge));
        _keys.Use([next], sealing: 0);
        Assert.Equal(RelayOutcome.UnknownKey, Read(written, challenge));
    }

    [Fact]
    public void A_key_that_stays_is_the_same_object_and_the_one_that_went_is_overwritten_at_the_change_after_it()
    {
        var first = _keys.Sealing!;
        var mac = new byte[RelayKey.MacBytes];
        first.Mac("text"u8, mac);
        _keys.Use([TicketKey.Create(), _ticketKey], sealing: 0);
        Assert.Same(first, _keys.Find(_ticketKey.Name));
        _keys.Use([TicketKey.Create()], sealing: 0);
        var after = new byte[RelayKey.MacBytes];
        first.Mac("text"u8, after);
        Assert.Equal(mac, after);
        _keys.Use([TicketKey.Create()], sealing: 0);
        first.Mac("text"u8, after);
        Assert.NotEqual(mac, after);
    }

    [Fact]
    public void A_relay_key_is_not_the_ticket_key()
    {
        var mac = new byte[RelayKey.MacBytes];
        _keys.Sealing!.Mac("text"u8, mac);
        Assert.NotEqual(System.Security.Cryptography.HMACSHA256.HashData(_ticketKey.HmacKey, "text"u8.ToArray()), mac);
        Assert.NotEqual(System.Security.Cryptography.HMACSHA256.HashData(_ticketKey.AesKey, "text"u8.ToArray()), mac);
        Assert.DoesNotContain(Convert.ToHexStringLower(mac), _keys.Sealing.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_key_that_every_member_has_nothing_is_sent()
    {
        _keys.Use([_ticketKey], sealing: -1);
        Assert.Null(_keys.Sealing);
        Assert.NotNull(_keys.Find(_ticketKey.Name));
    }

    [Fact]
    public void Only_a_member_confirms()
    {
        var (challenge, written) = Write(Request);
        var confirmation = new byte[RelayHandshake.ConfirmationBytes];
        _ = RelayHandshake.Read(written, challenge, _keys, out _, confirmation);
        confirmation[^1] ^= 1;
        Assert.False(RelayHandshake.IsConfirmation(confirmation, challenge, written, _keys.Sealing!));
        Assert.False(RelayHandshake.IsConfirmation(challenge, challenge, written, _keys.Sealing!));
    }

    [Fact]
    public void A_challenge_of_another_version_is_none()
    {
        var challenge = Challenge();
        Assert.True(RelayHandshake.IsChallenge(challenge));
        challenge[3]++;
        Assert.False(RelayHandshake.IsChallenge(challenge));
    }

    [Fact]
    public void A_header_without_end_is_not_waited_for()
    {
        // The PROXY signature, and a length that never comes.
        var endless = new byte[RelayHandshake.MaxRequestBytes];
        "\r\n\r\n\0\r\nQUIT\n"u8.CopyTo(endless);
        (endless[12], endless[13], endless[14], endless[15]) = (0x21, 0x11, 0x0f, 0x00);
        Assert.Null(Read(endless[..^1], Challenge()));
        Assert.Equal(RelayOutcome.Malformed, Read(endless, Challenge()));
    }

    private RelayOutcome? Read(byte[] received, byte[] challenge)
    {
        var outcome = RelayHandshake.Read(received, challenge, _keys, out var request, new byte[RelayHandshake.ConfirmationBytes]);
        Assert.Equal(outcome == RelayOutcome.Relayed, request is not null);
        return outcome;
    }

    private (byte[] Challenge, byte[] Written) Write(RelayRequest request)
    {
        var challenge = Challenge();
        var buffer = new byte[RelayHandshake.MaxRequestBytes];
        return (challenge, buffer[..RelayHandshake.WriteRequest(request, challenge, _keys.Sealing!, buffer)]);
    }

    private static byte[] Challenge()
    {
        var challenge = new byte[RelayHandshake.ChallengeBytes];
        RelayHandshake.WriteChallenge(challenge);
        return challenge;
    }

    private static InetEndPoint At(string text) => InetEndPoint.From(System.Net.IPEndPoint.Parse(text));
}
