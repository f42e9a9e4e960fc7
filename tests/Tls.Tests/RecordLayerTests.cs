using Org.BouncyCastle.Tls;
using TlsGateway.Tls.OpenSsl;

namespace TlsGateway.Tls.Tests;

/// <summary>What a client may and may not send once our own record layer has taken over from libssl (RFC 8446 §5, §6, §4.6.3).</summary>
public sealed class RecordLayerTests
{
    private const byte KeyUpdate = 24;
    private const short UnexpectedMessage = 10;
    private const short IllegalParameter = 47;
    private const short DecodeError = 50;
    private const byte UserCanceled = 90;

    public static TheoryData<string, short, byte[], short> Refused =>
        new()
        {
            { "data after a KeyUpdate in its record", ContentType.handshake, [KeyUpdate, 0, 0, 1, 0, KeyUpdate], UnexpectedMessage },
            { "a KeyUpdate of another length", ContentType.handshake, [KeyUpdate, 0, 0, 2, 0], DecodeError },
            { "a KeyUpdate that says it is longer by far", ContentType.handshake, [KeyUpdate, 1, 0, 1, 0], DecodeError },
            { "a request that does not exist", ContentType.handshake, [KeyUpdate, 0, 0, 1, 2], IllegalParameter },
            { "a ClientHello", ContentType.handshake, [1, 0, 0, 1, 0], UnexpectedMessage },
            { "a ticket from a client", ContentType.handshake, [4, 0, 0, 1, 0], UnexpectedMessage },
            { "a Finished", ContentType.handshake, [20], UnexpectedMessage },
            { "an empty handshake record (the 0 pads it)", 0, [(byte)ContentType.handshake], UnexpectedMessage },
            { "half an alert", ContentType.alert, [1], DecodeError },
            { "one and a half alerts", ContentType.alert, [1, UserCanceled, 1], DecodeError },
            { "an encrypted change_cipher_spec", ContentType.change_cipher_spec, [1], UnexpectedMessage },
            { "an unknown content type", 99, [1, 2, 3], UnexpectedMessage },
            { "nothing but padding", 0, [0, 0, 0], UnexpectedMessage },
        };

    [Theory]
    [MemberData(nameof(Refused))]
    public void What_may_not_come_ends_the_session_with_its_alert(string what, short type, byte[] content, short alert)
    {
        using HostileClient client = new(TlsVersion.Tls13);
        client.SendRecord(type, content);

        TlsStatus status = client.Take(out byte[] data);

        Assert.True(status == TlsStatus.Error, what);
        Assert.Empty(data);
        Assert.Equal((TlsFailureKind.ProtocolViolation, (int)alert), (client.Server.Failure.Kind, client.Server.Failure.Alert));
        Assert.Equal(alert, client.ReceiveAlert());
    }

    [Theory]
    [InlineData(new byte[] { 21, 3, 3, 0, 2, 1, 0 }, UnexpectedMessage)]
    [InlineData(new byte[] { 20, 3, 3, 0, 1, 1 }, UnexpectedMessage)]
    [InlineData(new byte[] { 23, 3, 3, 0, 16, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 }, 20)]
    [InlineData(new byte[] { 23, 3, 3, 0x41, 0x01 }, 22)]
    public void Records_in_the_clear_or_of_an_impossible_length_are_refused(byte[] record, short alert)
    {
        using HostileClient client = new(TlsVersion.Tls13);
        record.CopyTo(client.Server.RxFree);
        client.Server.RxCommit(record.Length);

        Assert.Equal(TlsStatus.Error, client.Server.Read(new byte[10], out _));

        Assert.Equal((TlsFailureKind.ProtocolViolation, (int)alert), (client.Server.Failure.Kind, client.Server.Failure.Alert));
        Assert.Equal(alert, client.ReceiveAlert());
    }

    [Fact]
    public void A_KeyUpdate_may_come_in_parts()
    {
        using HostileClient client = new(TlsVersion.Tls13);
        client.SendRecord(ContentType.handshake, [KeyUpdate, 0]);
        client.SendRecord(ContentType.handshake, [0, 1]);
        Assert.Equal(TlsStatus.WantRead, client.Take(out _));
        Assert.Equal(0, client.Server.Counters.RxKeyUpdates);

        client.SendRecord(ContentType.handshake, [0]);

        Assert.Equal(TlsStatus.WantRead, client.Take(out _));
        Assert.Equal(1, client.Server.Counters.RxKeyUpdates);
        // The client did not change its key, the server did: the record that follows shows it.
        Assert.Equal(TlsStatus.Error, client.SendData());
        Assert.Equal(20, client.Server.Failure.Alert);
    }

    [Fact]
    public void Nothing_may_come_between_the_parts_of_a_message()
    {
        using HostileClient client = new(TlsVersion.Tls13);
        client.SendRecord(ContentType.handshake, [KeyUpdate, 0]);

        Assert.Equal(TlsStatus.Error, client.SendData());

        Assert.Equal(UnexpectedMessage, client.ReceiveAlert());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(16_000)]
    public void Padding_is_taken_off(int zeros)
    {
        using HostileClient client = new(TlsVersion.Tls13);
        // The content type that the client's library adds is padding too: 0.
        client.SendRecord(0, [.. "data"u8, (byte)ContentType.application_data, .. new byte[zeros]]);

        Assert.Equal(TlsStatus.WantRead, client.Take(out byte[] data));

        Assert.Equal("data"u8, data);
    }

    [Fact]
    public void A_cancelled_client_is_heard_until_it_closes_and_not_after()
    {
        using HostileClient client = new(TlsVersion.Tls13);
        client.SendRecord(ContentType.alert, [1, UserCanceled]);
        client.SendRecord(ContentType.application_data, [.. "last"u8]);
        client.SendRecord(ContentType.alert, [1, 0]);
        client.SendRecord(ContentType.application_data, [.. "too late"u8]);

        Assert.Equal(TlsStatus.Closed, client.Take(out byte[] data));

        Assert.Equal("last"u8, data);
        Assert.Equal(1, client.Server.Counters.RxWarnings);
        Assert.Equal(0, client.Server.RxBuffered);
        Assert.Equal(TlsStatus.Closed, client.Take(out data));
        Assert.Empty(data);
        client.Server.Write("answer"u8, out _);
        Assert.Equal("answer"u8, client.Receive());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Any_other_alert_is_fatal_whatever_its_level(byte level)
    {
        const int CertificateRevoked = 44;
        using HostileClient client = new(TlsVersion.Tls13);
        client.SendRecord(ContentType.alert, [level, CertificateRevoked]);

        Assert.Equal(TlsStatus.Error, client.Take(out _));

        Assert.Equal((TlsFailureKind.PeerAlert, CertificateRevoked), (client.Server.Failure.Kind, client.Server.Failure.Alert));
        Assert.Contains("certificate revoked", client.Server.Failure.Detail, StringComparison.Ordinal);
        Assert.Empty(client.Receive());
    }

    [Theory]
    [InlineData(CipherSuite.TLS_AES_128_GCM_SHA256)]
    [InlineData(CipherSuite.TLS_AES_256_GCM_SHA384)]
    [InlineData(CipherSuite.TLS_CHACHA20_POLY1305_SHA256)]
    public void Every_suite_protects_records_and_renews_keys_both_ways(int suite)
    {
        using HostileClient client = new(TlsVersion.Tls13, suites: [suite]);
        for (int i = 0; i < 3; i++)
        {
            client.AskForKeys();
            Assert.Equal(TlsStatus.WantRead, client.SendData());
            Assert.Equal(TlsStatus.Done, client.Server.Write(new byte[40_000], out _));
            Assert.Equal(new byte[40_000], client.Receive());
        }
        Assert.Equal(3, client.Server.Counters.RxKeyUpdates);
        Assert.Equal(3, client.Server.Counters.TxKeyUpdates);
    }

    [Fact]
    public void A_client_that_asks_again_without_draining_the_answer_is_not_read()
    {
        using SessionPair pair = SessionPair.Open(TlsVersion.Tls13, chunkBytes: 20_000);
        while (pair.Server.Write(new byte[500], out _) == TlsStatus.Done) { }
        while (pair.Server.Write(new byte[1], out _) == TlsStatus.Done) { }
        for (int i = 0; i < 3; i++)
        {
            pair.Client.KeyUpdate(askPeer: true);
        }
        pair.Client.Write("data"u8, out _);
        SessionPair.Move(pair.Client, pair.Server);
        byte[] buffer = new byte[10];

        Assert.Equal(TlsStatus.WantWrite, pair.Server.Read(buffer, out int read));
        Assert.Equal(0, read);
        Assert.Equal(TlsStatus.WantWrite, pair.Server.Read(buffer, out _));

        SessionPair.Move(pair.Server, pair.Client);
        Assert.Equal(TlsStatus.WantRead, pair.Server.Read(buffer, out read));
        Assert.Equal("data"u8, buffer.AsSpan(0, read));
        SessionPair.Move(pair.Server, pair.Client);
        SessionPair.ReadAll(pair.Client, out TlsStatus status);
        Assert.Equal(TlsStatus.WantRead, status);
        pair.AssertEchoes();
        Assert.Equal(3, pair.Server.Counters.TxKeyUpdates);
    }

    [Theory]
    [InlineData(600, 1)]
    [InlineData(600, 7)]
    [InlineData(20_000, 7)]
    [InlineData(20_000, 1000)]
    [InlineData(20_000, 16384)]
    public void Records_are_given_out_in_pieces_of_any_size(int chunk, int piece)
    {
        using SessionPair pair = SessionPair.Open(TlsVersion.Tls13, chunkBytes: chunk);
        byte[] sent = new byte[3 * chunk];
        new Random(piece).NextBytes(sent);
        List<byte> received = [];
        byte[] buffer = new byte[piece];
        int offset = 0;
        while (received.Count < sent.Length)
        {
            pair.Client.Write(sent.AsSpan(offset), out int written);
            offset += written;
            Assert.NotEqual(0, SessionPair.Move(pair.Client, pair.Server));
            TlsStatus status;
            do
            {
                status = pair.Server.Read(buffer, out int read);
                received.AddRange(buffer.AsSpan(0, read));
                // As an actor does before it waits with bytes in hand: what is decrypted already has to move too.
                pair.Server.Compact();
                Assert.True(status != TlsStatus.Done || pair.Server.RxBuffered > 0 || read == piece);
            } while (status == TlsStatus.Done);
            Assert.Equal(TlsStatus.WantRead, status);
        }
        Assert.Equal(sent, received);
        Assert.False(pair.Server.IsMidRecord);
    }

    [Fact]
    public void The_session_says_the_same_of_itself_after_libssl_is_gone()
    {
        using SessionPair pair = SessionPair.Open(TlsVersion.Tls13);
        Assert.True(pair.Server.OwesTickets);
        Assert.True(pair.Server.HoldsSsl);
        TlsSessionInfo before = pair.Server.DescribeSession();

        pair.AssertEchoes();

        Assert.False(pair.Server.HoldsSsl);
        Assert.True(pair.Client.HoldsSsl);
        Assert.Equal(before, pair.Server.DescribeSession());
        Assert.False(pair.Server.IsResumed);
    }

    [Fact]
    public void Closing_with_tickets_owed_sends_close_notify_and_no_ticket()
    {
        using SessionPair pair = SessionPair.Open(TlsVersion.Tls13);

        Assert.Equal(TlsStatus.Done, pair.Server.Shutdown());

        Assert.Equal(5 + 2 + 1 + 16, pair.Server.TxPending.Length);
        SessionPair.Move(pair.Server, pair.Client);
        SessionPair.ReadAll(pair.Client, out TlsStatus status);
        Assert.Equal(TlsStatus.Closed, status);
        Assert.Equal("bye"u8, SessionPair.Send(pair.Client, pair.Server, "bye"u8));
    }

    [Fact]
    public unsafe void Keys_are_cleared_when_they_are_given_up()
    {
        RecordKeys keys = default;
        byte[] secret = new byte[32];
        Array.Fill(secret, (byte)0x5a);
        keys.TakeSecret(secret);
        Assert.True(keys.TryBegin(RecordCipher.OfSuite(0x1301), encrypt: true, sequence: 0));

        keys.Release();

        Assert.Equal(-1, new ReadOnlySpan<byte>(&keys, sizeof(RecordKeys)).IndexOfAnyExcept((byte)0));
    }

    [Fact]
    public void Without_the_provider_libssl_keeps_the_records()
    {
        using OpenSslContext server = SessionPair.ServerContext(TlsVersion.Tls13);
        server.OwnsRecords = false;
        using OpenSslContext client = SessionPair.ClientContext();
        using SessionPair pair = new(client, server);
        pair.Handshake().AssertEchoes();
        Assert.True(pair.Server.HoldsSsl);

        pair.Client.KeyUpdate(askPeer: true);
        pair.AssertEchoes();
        pair.Server.KeyUpdate(askPeer: true);
        pair.AssertEchoes();
        byte[] data = new byte[200_000];
        new Random(4).NextBytes(data);
        Assert.Equal(data, SessionPair.Send(pair.Client, pair.Server, data));
        Assert.Equal(data, SessionPair.Send(pair.Server, pair.Client, data));
        Assert.Equal((2, 2), (pair.Server.Counters.RxKeyUpdates, pair.Server.Counters.TxKeyUpdates));

        pair.Server.Shutdown();
        SessionPair.Move(pair.Server, pair.Client);
        SessionPair.ReadAll(pair.Client, out TlsStatus status);
        Assert.Equal(TlsStatus.Closed, status);
        pair.Server.RxEof();
        Assert.Equal(TlsStatus.Error, pair.Server.Read(new byte[1], out _));
        Assert.Equal(TlsFailureKind.Truncated, pair.Server.Failure.Kind);
    }
}
