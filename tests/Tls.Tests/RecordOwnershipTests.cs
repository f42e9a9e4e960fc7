using Org.BouncyCastle.Tls;
using TlsGateway.Tls.OpenSsl;

namespace TlsGateway.Tls.Tests;

/// <summary>The records of a TLS 1.3 server pass from libssl to our own layer in the middle of a session: nobody may notice, and without it libssl does the same.</summary>
public sealed class RecordOwnershipTests
{
    private const byte KeyUpdate = 24;
    private const byte UserCanceled = 90;

    [Fact]
    public void A_server_without_tickets_frees_libssl_with_the_handshake()
    {
        using OpenSslContext server = OpenSslContext.CreateServer(
            new TlsServerSettings
            {
                Certificates = [TestCertificates.Default],
                Tickets = 0,
                ApplicationProtocols = ["http/1.1"],
            }
        );
        using OpenSslContext client = SessionPair.ClientContext(TlsVersion.Tls13, "default.test", "http/1.1");
        using SessionPair pair = new(client, server);

        pair.Handshake();

        Assert.False(pair.Server.HoldsSsl);
        Assert.Equal(
            pair.Client.DescribeSession() with
            {
                CertificateSignature = "ecdsa-with-SHA256",
                CertificateKey = "EC256",
            },
            pair.Server.DescribeSession() with
            {
                ServerName = pair.Client.DescribeSession().ServerName,
            }
        );
        Assert.Equal("default.test", pair.Server.DescribeSession().ServerName);
        Assert.Equal("http/1.1", pair.Server.DescribeSession().ApplicationProtocol);
        pair.AssertEchoes();
    }

    [Fact]
    public void On_tls12_and_for_a_client_libssl_keeps_the_records()
    {
        using SessionPair old = SessionPair.Open(TlsVersion.Tls12);
        using SessionPair pair = SessionPair.Open(TlsVersion.Tls13);
        old.AssertEchoes();
        pair.AssertEchoes();

        Assert.True(old.Server.HoldsSsl);
        Assert.True(old.Client.HoldsSsl);
        Assert.True(pair.Client.HoldsSsl);
    }

    [Fact]
    public void A_resumed_session_says_so_before_and_after_libssl_is_gone()
    {
        using OpenSslContext server = SessionPair.ServerContext(TlsVersion.Tls13);
        using OpenSslContext client = SessionPair.ClientContext();
        using (SessionPair first = new(client, server))
        {
            first.Handshake().AssertEchoes();
        }
        using SessionPair second = new(client, server);
        second.Handshake();
        TlsSessionInfo before = second.Server.DescribeSession();
        Assert.True(second.Server.HoldsSsl);

        second.AssertEchoes();

        Assert.False(second.Server.HoldsSsl);
        Assert.True(before.IsResumed);
        Assert.True(second.Server.IsResumed);
        Assert.Equal(before, second.Server.DescribeSession());
    }

    [Fact]
    public void Flushed_tickets_hand_sending_over_and_data_follows()
    {
        using SessionPair pair = SessionPair.Open(TlsVersion.Tls13);

        Assert.Equal(TlsStatus.Done, pair.Server.FlushTickets());

        Assert.False(pair.Server.HoldsSsl);
        Assert.False(pair.Server.OwesTickets);
        Assert.Equal(pair.Server.Counters.TxRecordsSinceKey, pair.Server.Counters.TxRecords - RecordsOfHandshake());
        pair.Server.Write("data"u8, out _);
        SessionPair.Move(pair.Server, pair.Client);
        Assert.Equal("data"u8, SessionPair.ReadAll(pair.Client, out _));
        pair.AssertEchoes();
    }

    [Fact]
    public void Tickets_that_fit_only_in_part_go_out_before_sending_is_handed_over()
    {
        using SessionPair pair = WithHalfSentTickets();
        pair.Client.KeyUpdate(askPeer: true);
        pair.Client.Write("up"u8, out _);
        SessionPair.Move(pair.Client, pair.Server);
        Assert.Equal("up"u8, SessionPair.ReadAll(pair.Server, out TlsStatus status));
        Assert.Equal(TlsStatus.WantRead, status);
        List<byte> received = [];
        TlsStatus write;
        do
        {
            SessionPair.Move(pair.Server, pair.Client, 100);
            received.AddRange(SessionPair.ReadAll(pair.Client, out _));
            write = pair.Server.Write("down"u8, out _);
        } while (write == TlsStatus.WantWrite);

        Assert.Equal(TlsStatus.Done, write);
        Assert.False(pair.Server.HoldsSsl);
        SessionPair.Move(pair.Server, pair.Client);
        received.AddRange(SessionPair.ReadAll(pair.Client, out _));
        Assert.Equal([.. "down"u8], received);
        Assert.Equal(1, pair.Server.Counters.TxKeyUpdates);
        pair.AssertEchoes();
    }

    [Fact]
    public void Half_sent_tickets_go_before_close_notify()
    {
        using SessionPair pair = WithHalfSentTickets();
        TlsStatus status;
        while ((status = pair.Server.Shutdown()) == TlsStatus.WantWrite)
        {
            Assert.NotEqual(0, SessionPair.Move(pair.Server, pair.Client, 100));
            SessionPair.ReadAll(pair.Client, out _);
        }

        Assert.Equal(TlsStatus.Done, status);
        SessionPair.Move(pair.Server, pair.Client);
        Assert.Empty(SessionPair.ReadAll(pair.Client, out status));
        Assert.Equal(TlsStatus.Closed, status);
    }

    [Fact]
    public void No_alert_goes_into_the_middle_of_a_ticket()
    {
        using SessionPair pair = WithHalfSentTickets();
        byte[] pending = pair.Server.TxPending.ToArray();
        "GET / HTTP/1.1"u8.CopyTo(pair.Server.RxFree);
        pair.Server.RxCommit(14);

        Assert.Equal(TlsStatus.Error, pair.Server.Read(new byte[1], out _));

        Assert.Equal(10, pair.Server.Failure.Alert);
        Assert.Equal(pending, pair.Server.TxPending);
    }

    [Fact]
    public void A_pool_that_fails_ends_the_session_as_internal_after_the_handover_too()
    {
        using SessionPair pair = SessionPair.Open(TlsVersion.Tls13);
        pair.AssertEchoes();
        pair.ServerPool.Fails = true;

        Assert.Equal(TlsStatus.Error, pair.Server.Write("x"u8, out int written));

        Assert.Equal(0, written);
        Assert.Equal(TlsFailureKind.Internal, pair.Server.Failure.Kind);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_refusal_reaches_the_client_whoever_has_the_records(bool ownsRecords)
    {
        (short Type, byte[] Content)[] refused =
        [
            (ContentType.handshake, [KeyUpdate, 0, 0, 1, 2]),
            (ContentType.handshake, [20, 0, 0, 1, 0]),
            (ContentType.alert, [1]),
            (ContentType.change_cipher_spec, [1]),
            (99, [1]),
            (ContentType.application_data, new byte[16385]),
        ];
        foreach ((short type, byte[] content) in refused)
        {
            using HostileClient client = new(TlsVersion.Tls13, ownsRecords: ownsRecords);

            Assert.Equal(TlsStatus.Error, client.Take(client.Sealer.Seal(type, content), out _));

            Assert.Equal(TlsFailureKind.ProtocolViolation, client.Server.Failure.Kind);
            Assert.Equal(client.Server.Failure.Alert, client.ReceiveAlert());
            Assert.Equal(!ownsRecords, ((OpenSslSession)client.Server).HoldsSsl);
        }
    }

    [Fact]
    public void Both_record_layers_make_the_same_of_any_stream()
    {
        for (int seed = 0; seed < 80; seed++)
        {
            Assert.Equal(Outcome(seed, ownsRecords: false), Outcome(seed, ownsRecords: true));
        }
    }

    /// <summary>What a server made of a client's stream that is the same for the same seed.</summary>
    private static string Outcome(int seed, bool ownsRecords)
    {
        Random random = new(seed);
        using HostileClient client = new(TlsVersion.Tls13, ownsRecords: ownsRecords);
        byte[] stream = Stream(client.Sealer, random);
        List<byte> received = [];
        TlsStatus status = TlsStatus.WantRead;
        while (stream.Length > 0 && status == TlsStatus.WantRead)
        {
            int part = random.Next(1, stream.Length + 1);
            status = client.Take(stream.AsSpan(0, part), out byte[] data, random.Next(1, 4000));
            received.AddRange(data);
            stream = stream[part..];
            if (random.Next(3) == 0 && status == TlsStatus.WantRead)
            {
                client.Server.Write("x"u8, out _);
            }
        }
        TlsCounters counters = client.Server.Counters;
        return string.Join(
            ' ',
            seed,
            Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(received.ToArray())),
            status,
            client.Server.Failure.Kind,
            client.Server.Failure.Alert,
            counters.RxKeyUpdates,
            counters.RxWarnings,
            status == TlsStatus.Error ? 0 : counters.RxRecords,
            status == TlsStatus.Error ? 0 : counters.RxRecordsSinceData
        );
    }

    private static byte[] Stream(RecordSealer sealer, Random random)
    {
        List<byte> stream = [];
        for (int i = random.Next(1, 30); i > 0; i--)
        {
            int padding = random.Next(2) * random.Next(300);
            byte[] data = new byte[random.Next(1, random.Next(2, 10_000))];
            random.NextBytes(data);
            switch (random.Next(8))
            {
                case 0:
                    stream.AddRange(sealer.Seal(ContentType.application_data, [], padding));
                    break;
                case 1:
                    stream.AddRange(sealer.Seal(ContentType.alert, [1, UserCanceled], padding));
                    break;
                case 2:
                    stream.AddRange(sealer.Seal(ContentType.handshake, [KeyUpdate, 0, 0, 1, (byte)random.Next(2)], padding));
                    sealer.Renew();
                    break;
                case 3:
                    stream.AddRange(sealer.Seal(ContentType.handshake, [KeyUpdate, 0], padding));
                    stream.AddRange(sealer.Seal(ContentType.handshake, [0, 1, 0]));
                    sealer.Renew();
                    break;
                case 4:
                    // Whatever the padding, as long as the fragment may be so long: both are as lenient.
                    stream.AddRange(sealer.Seal(ContentType.application_data, new byte[16384 - random.Next(9)], random.Next(240)));
                    break;
                default:
                    stream.AddRange(sealer.Seal(ContentType.application_data, data, padding));
                    break;
            }
        }
        stream.AddRange(
            random.Next(8) switch
            {
                0 => sealer.Seal(ContentType.alert, [1, 0]),
                1 => sealer.Seal(ContentType.alert, [2, 80]),
                2 => sealer.SealInner([0, 0, 0]),
                3 => sealer.Seal(ContentType.application_data, new byte[16385]),
                4 => [23, 3, 3, 0, 20, .. new byte[20]],
                5 => sealer.Seal(ContentType.handshake, [KeyUpdate, 0, 0, 1, 7]),
                _ => [],
            }
        );
        return [.. stream];
    }

    /// <summary>Eight tickets do not fit a small output, so that libssl is in the middle of one.</summary>
    private static SessionPair WithHalfSentTickets()
    {
        using OpenSslContext server = OpenSslContext.CreateServer(
            new TlsServerSettings { Certificates = [TestCertificates.Default], Tickets = 8 }
        );
        using OpenSslContext client = SessionPair.ClientContext();
        SessionPair pair = new SessionPair(client, server, chunkBytes: 600).Handshake();
        Assert.Equal(TlsStatus.WantWrite, pair.Server.Write("down"u8, out int written));
        Assert.Equal(0, written);
        Assert.True(pair.Server.HoldsSsl);
        return pair;
    }

    /// <summary>ServerHello, change_cipher_spec, and the encrypted flight, as a server counts them without a ticket.</summary>
    private static long RecordsOfHandshake()
    {
        using SessionPair pair = SessionPair.Open(TlsVersion.Tls13);
        return pair.Server.Counters.TxRecords;
    }
}
