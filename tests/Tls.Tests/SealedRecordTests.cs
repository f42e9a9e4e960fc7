using Org.BouncyCastle.Tls;
using TlsGateway.Tls.OpenSsl;

namespace TlsGateway.Tls.Tests;

/// <summary>Records at and over every edge of RFC 8446 §5, made byte by byte: what a server's own record layer reads, and the alert that the client gets for the rest.</summary>
public sealed class SealedRecordTests
{
    private const byte KeyUpdate = 24;
    private const byte CloseNotify = 0;
    private const byte UserCanceled = 90;
    private const short UnexpectedMessage = 10;
    private const short BadRecordMac = 20;
    private const short RecordOverflow = 22;
    private const short DecodeError = 50;
    private const int MaxContent = 16384;

    /// <summary>A destination that holds any record, so that it is decrypted there, and one that holds none, so that it is decrypted in its place.</summary>
    public static TheoryData<int> Destinations => [64 * 1024, 5];

    public static TheoryData<string, short, byte[], short> Refused =>
        new()
        {
            { "a whole Finished", ContentType.handshake, [20, 0, 0, 32, .. new byte[32]], UnexpectedMessage },
            { "a whole ticket", ContentType.handshake, [4, 0, 0, 20, .. new byte[20]], UnexpectedMessage },
            { "a whole Certificate", ContentType.handshake, [11, 0, 0, 4, 0, 0, 0, 0], UnexpectedMessage },
            { "an EndOfEarlyData", ContentType.handshake, [5, 0, 0, 0], UnexpectedMessage },
            { "an empty handshake record", ContentType.handshake, [], UnexpectedMessage },
            { "two KeyUpdates in a record", ContentType.handshake, [KeyUpdate, 0, 0, 1, 0, KeyUpdate, 0, 0, 1, 0], UnexpectedMessage },
            { "a KeyUpdate without a request", ContentType.handshake, [KeyUpdate, 0, 0, 0], DecodeError },
            { "a KeyUpdate of two bytes, both there", ContentType.handshake, [KeyUpdate, 0, 0, 2, 0, 0], DecodeError },
            { "an empty alert", ContentType.alert, [], DecodeError },
            { "two alerts in a record", ContentType.alert, [1, UserCanceled, 1, CloseNotify], DecodeError },
            { "a heartbeat", ContentType.heartbeat, [1, 0, 0], UnexpectedMessage },
            { "a record type of TLS 1.3's future", 255, [1], UnexpectedMessage },
        };

    [Theory]
    [MemberData(nameof(Refused))]
    public void What_may_not_come_is_told_to_the_client_once(string what, short type, byte[] content, short alert)
    {
        using HostileClient client = new(TlsVersion.Tls13);

        TlsStatus status = client.Take(client.Sealer.Seal(type, content, padding: content.Length), out byte[] data);

        Assert.True(status == TlsStatus.Error, what);
        AssertRefused(client, alert, data);
    }

    [Theory]
    [InlineData(20, "unexpected message")]
    [InlineData(KeyUpdate, "data after KeyUpdate")]
    public void The_operator_reads_which_message_it_was(byte type, string words)
    {
        using HostileClient client = new(TlsVersion.Tls13);

        client.Take(client.Sealer.Seal(ContentType.handshake, [type, 0, 0, 1, 0, 0]), out _);

        Assert.Equal(words, client.Server.Failure.Detail);
    }

    [Theory]
    [MemberData(nameof(Destinations))]
    public void Content_may_be_16384_bytes_and_not_one_more(int piece)
    {
        using HostileClient client = new(TlsVersion.Tls13);
        byte[] content = Noise(MaxContent, seed: 1);

        Assert.Equal(TlsStatus.WantRead, client.Take(client.Sealer.Seal(ContentType.application_data, content), out byte[] data, piece));
        Assert.Equal(content, data);

        byte[] record = client.Sealer.Seal(ContentType.application_data, Noise(MaxContent + 1, seed: 2));
        Assert.Equal(TlsStatus.Error, client.Take(record, out data, piece));
        AssertRefused(client, RecordOverflow, data);
    }

    [Theory]
    [MemberData(nameof(Destinations))]
    public void Padding_may_fill_a_record(int piece)
    {
        using HostileClient client = new(TlsVersion.Tls13);
        foreach (int length in new[] { 0, 1, 2, 255, 5000, MaxContent - 1, MaxContent })
        {
            byte[] content = Noise(length, seed: length);
            byte[] record = client.Sealer.Seal(ContentType.application_data, content, padding: MaxContent - length);

            Assert.Equal(TlsStatus.WantRead, client.Take(record, out byte[] data, piece));

            Assert.Equal(content, data);
            Assert.Equal(0, client.Server.RxBuffered);
        }
    }

    [Fact]
    public void Nothing_is_written_beside_the_destination()
    {
        const byte Untouched = 0xee;
        const int Before = 1000;
        using HostileClient client = new(TlsVersion.Tls13);
        Random random = new(31);
        byte[] buffer = new byte[8192];
        List<byte> sent = [];
        List<byte> received = [];
        for (int i = 0; i < 400; i++)
        {
            byte[] content = Noise(random.Next(1, 600), seed: i);
            sent.AddRange(content);
            byte[] record = client.Sealer.Seal(ContentType.application_data, content, padding: random.Next(2) * random.Next(600));
            record.CopyTo(client.Server.RxFree);
            client.Server.RxCommit(record.Length);
            if (i % 4 != 0)
            {
                continue;
            }
            // Several records wait: what fits is decrypted into the destination behind what was read before, the rest in its place.
            TlsStatus status;
            do
            {
                int length = random.Next(1, 2000);
                Array.Fill(buffer, Untouched);
                status = client.Server.Read(buffer.AsSpan(Before, length), out int read);
                received.AddRange(buffer.AsSpan(Before, read));
                Assert.Equal(-1, buffer.AsSpan(0, Before).IndexOfAnyExcept(Untouched));
                Assert.Equal(-1, buffer.AsSpan(Before + length).IndexOfAnyExcept(Untouched));
            } while (status == TlsStatus.Done);
            Assert.Equal(TlsStatus.WantRead, status);
        }
        client.Take([], out byte[] last);
        Assert.Equal(sent, [.. received, .. last]);
    }

    [Fact]
    public void Zeros_at_the_end_of_data_are_data()
    {
        using HostileClient client = new(TlsVersion.Tls13);

        client.Take(client.Sealer.Seal(ContentType.application_data, [1, 0, 0, 0], padding: 3), out byte[] data);

        Assert.Equal([1, 0, 0, 0], data);
    }

    [Theory]
    [InlineData(1, 64 * 1024)]
    [InlineData(1, 1)]
    [InlineData(MaxContent + 1, 64 * 1024)]
    [InlineData(MaxContent + 1, 5)]
    public void Zeros_without_a_content_type_are_refused(int zeros, int piece)
    {
        using HostileClient client = new(TlsVersion.Tls13);

        Assert.Equal(TlsStatus.Error, client.Take(client.Sealer.SealInner(new byte[zeros]), out byte[] data, piece));

        AssertRefused(client, UnexpectedMessage, data);
    }

    [Theory]
    [InlineData(0, BadRecordMac)]
    [InlineData(1, BadRecordMac)]
    [InlineData(16, BadRecordMac)]
    [InlineData(17, BadRecordMac)]
    [InlineData(MaxContent + 256, BadRecordMac)]
    [InlineData(MaxContent + 257, RecordOverflow)]
    [InlineData(0xffff, RecordOverflow)]
    public void A_fragment_of_noise_is_refused_whatever_its_length(int length, short alert)
    {
        using HostileClient client = new(TlsVersion.Tls13);
        byte[] record = [23, 3, 3, (byte)(length >> 8), (byte)length, .. Noise(length, seed: length)];

        Assert.Equal(TlsStatus.Error, client.Take(record, out byte[] data));

        AssertRefused(client, alert, data);
    }

    [Theory]
    [MemberData(nameof(Destinations))]
    public void No_byte_of_a_record_may_change(int piece)
    {
        const int HeaderBytes = 5;
        int length = HeaderBytes + 4 + 1 + 16;
        for (int at = 1; at < length; at++)
        {
            using SessionPair pair = SessionPair.Open(TlsVersion.Tls13);
            pair.Client.Write("data"u8, out _);
            byte[] record = pair.Client.TxPending.ToArray();
            Assert.Equal(length, record.Length);
            pair.Client.TxConsume(length);
            record[at] ^= 0x20;
            record.CopyTo(pair.Server.RxFree);
            pair.Server.RxCommit(length);
            pair.Server.RxEof();

            Assert.Equal(TlsStatus.Error, pair.Server.Read(new byte[piece], out int read));

            Assert.Equal(0, read);
            // In the length it makes a record that never ends, of 8,192 or 32 bytes more.
            (TlsFailureKind, int) expected = at is 3 or 4
                ? (TlsFailureKind.Truncated, -1)
                : (TlsFailureKind.ProtocolViolation, BadRecordMac);
            Assert.Equal(expected, (pair.Server.Failure.Kind, pair.Server.Failure.Alert));
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_record_may_neither_come_twice_nor_be_left_out(bool twice)
    {
        using HostileClient client = new(TlsVersion.Tls13);
        byte[] first = client.Sealer.Seal(ContentType.application_data, "first"u8);
        byte[] second = client.Sealer.Seal(ContentType.application_data, "second"u8);

        TlsStatus status = twice ? client.Take([.. first, .. first], out byte[] data) : client.Take(second, out data);

        Assert.Equal(TlsStatus.Error, status);
        Assert.Equal(twice ? "first"u8 : [], data);
        Assert.Equal(BadRecordMac, client.Server.Failure.Alert);
        Assert.Equal(BadRecordMac, client.ReceiveAlert());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void A_KeyUpdate_in_two_records_changes_the_key_behind_it(int split)
    {
        using HostileClient client = new(TlsVersion.Tls13);
        client.Server.Write("tickets"u8, out _);
        byte[] message = [KeyUpdate, 0, 0, 1, 1];
        RecordSealer sealer = client.Sealer;
        byte[] stream =
        [
            .. sealer.Seal(ContentType.application_data, "old "u8),
            .. sealer.Seal(ContentType.handshake, message.AsSpan(0, split), padding: 9),
            .. sealer.Seal(ContentType.handshake, message.AsSpan(split)),
        ];
        sealer.Renew();
        stream = [.. stream, .. sealer.Seal(ContentType.application_data, "new"u8)];

        Assert.Equal(TlsStatus.WantRead, client.Take(stream, out byte[] data, piece: 2));

        Assert.Equal("old new"u8, data);
        Assert.Equal((1, 0), (client.Server.Counters.RxKeyUpdates, client.Server.Counters.TxKeyUpdates));
        client.Server.Write("answer"u8, out _);
        Assert.Equal(1, client.Server.Counters.TxKeyUpdates);
        Assert.Equal("ticketsanswer"u8, client.Receive());
    }

    [Fact]
    public void The_old_key_ends_with_a_KeyUpdate()
    {
        using HostileClient client = new(TlsVersion.Tls13);
        client.Take(client.Sealer.Seal(ContentType.handshake, [KeyUpdate, 0, 0, 1, 0]), out _);

        Assert.Equal(TlsStatus.Error, client.Take(client.Sealer.Seal(ContentType.application_data, "old"u8), out byte[] data));

        AssertRefused(client, BadRecordMac, data);
    }

    [Fact]
    public void Requests_before_the_first_write_are_answered_behind_the_tickets()
    {
        using HostileClient client = new(TlsVersion.Tls13);
        for (int i = 0; i < 3; i++)
        {
            client.Take(client.Sealer.Seal(ContentType.handshake, [KeyUpdate, 0, 0, 1, 1]), out _);
            client.Sealer.Renew();
        }
        Assert.True(client.Server.OwesTickets);
        Assert.Equal(0, client.Server.TxPending.Length);

        client.Server.Write("answer"u8, out _);

        Assert.Equal("answer"u8, client.Receive());
        Assert.Equal(3, client.Server.Counters.TxKeyUpdates);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3)]
    public void After_close_notify_went_out_requests_are_not_answered(int before)
    {
        using HostileClient client = new(TlsVersion.Tls13);
        // Requests that nothing has answered yet, since tickets are owed and no data was sent.
        for (int i = 0; i < before; i++)
        {
            client.Take(Request(client.Sealer), out _);
        }
        Assert.Equal(TlsStatus.Done, client.Server.Shutdown());
        int length = client.Server.TxPending.Length;
        for (int i = 0; i < 3; i++)
        {
            Assert.Equal(TlsStatus.WantRead, client.Take(Request(client.Sealer), out _));
        }

        Assert.Equal(TlsStatus.WantRead, client.Take(client.Sealer.Seal(ContentType.application_data, "last"u8), out byte[] data));

        // RFC 8446 §6.1: a sender of close_notify sends nothing more.
        Assert.Equal("last"u8, data);
        Assert.Equal(length, client.Server.TxPending.Length);
        Assert.Equal((before + 3, 0), (client.Server.Counters.RxKeyUpdates, client.Server.Counters.TxKeyUpdates));
    }

    [Fact]
    public void After_close_notify_came_nothing_is_read_not_even_noise()
    {
        using HostileClient client = new(TlsVersion.Tls13);
        byte[] stream =
        [
            .. client.Sealer.Seal(ContentType.application_data, "last"u8),
            .. client.Sealer.Seal(ContentType.alert, [1, CloseNotify]),
            .. Noise(100, seed: 8),
        ];

        Assert.Equal(TlsStatus.Closed, client.Take(stream, out byte[] data, piece: 3));
        Assert.Equal("last"u8, data);
        Assert.Equal(TlsStatus.Closed, client.Take(Noise(100, seed: 9), out data));

        Assert.Empty(data);
        Assert.Equal(TlsFailure.None, client.Server.Failure);
        client.Server.Write("answer"u8, out _);
        Assert.Equal("answer"u8, client.Receive());
    }

    [Theory]
    [InlineData(20, "bad record mac")]
    [InlineData(40, "handshake failure")]
    [InlineData(50, "decode error")]
    [InlineData(48, "unknown CA")]
    [InlineData(80, "internal error")]
    [InlineData(112, "unrecognized name")]
    [InlineData(255, "unknown")]
    public void An_alert_ends_the_session_with_its_number_and_words(byte alert, string words)
    {
        using HostileClient client = new(TlsVersion.Tls13);

        TlsStatus status = client.Take(client.Sealer.Seal(ContentType.alert, [2, alert]), out _);

        Assert.Equal(TlsStatus.Error, status);
        Assert.Equal(new TlsFailure(TlsFailureKind.PeerAlert, alert, $"tlsv1.3 alert {words}"), client.Server.Failure);
        Assert.Equal(0, client.Server.TxPending.Length);
    }

    [Fact]
    public void Warnings_are_limited()
    {
        using HostileClient client = new(TlsVersion.Tls13);

        int sent = client.Flood(() => client.SendRecord(ContentType.alert, [1, UserCanceled]), withData: true);

        Assert.Equal(9, sent);
        client.AssertEnded(TlsFailureKind.LimitExceeded, nameof(TlsLimits.MaxWarnings));
    }

    [Fact]
    public void Any_content_under_any_type_is_read_or_refused_and_nothing_else()
    {
        Random random = new(17);
        for (int i = 0; i < 60; i++)
        {
            using HostileClient client = new(TlsVersion.Tls13);
            TlsStatus status = TlsStatus.WantRead;
            for (int record = 0; record < 20 && status == TlsStatus.WantRead; record++)
            {
                byte[] inner = new byte[random.Next(1, 12)];
                random.NextBytes(inner);
                inner[0] = random.Next(2) == 0 ? KeyUpdate : (byte)1;
                inner[^1] = (byte)random.Next(20, 25);
                status = client.Take(client.Sealer.SealInner(inner), out byte[] data, random.Next(1, 20));
                Assert.True(data.Length == 0 || inner.AsSpan(0, data.Length).SequenceEqual(data));
            }
            TlsFailureKind kind = client.Server.Failure.Kind;
            Assert.True(
                status switch
                {
                    TlsStatus.Error => kind is TlsFailureKind.ProtocolViolation or TlsFailureKind.PeerAlert,
                    TlsStatus.WantRead or TlsStatus.Closed => kind == TlsFailureKind.None,
                    _ => false,
                },
                $"case {i}: {status}, {client.Server.Failure}"
            );
        }
    }

    private static byte[] Request(RecordSealer sealer)
    {
        byte[] record = sealer.Seal(ContentType.handshake, [KeyUpdate, 0, 0, 1, 1]);
        sealer.Renew();
        return record;
    }

    private static void AssertRefused(HostileClient client, short alert, byte[] data)
    {
        Assert.Empty(data);
        Assert.Equal((TlsFailureKind.ProtocolViolation, (int)alert), (client.Server.Failure.Kind, client.Server.Failure.Alert));
        int length = client.Server.TxPending.Length;
        Assert.Equal(TlsStatus.Error, client.Server.Read(new byte[10], out _));
        Assert.Equal(TlsStatus.Error, client.Server.Write("x"u8, out _));
        Assert.Equal(length, client.Server.TxPending.Length);
        Assert.Equal(alert, client.ReceiveAlert());
    }

    private static byte[] Noise(int length, int seed)
    {
        byte[] bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }
}
