using System.Buffers.Binary;
using Org.BouncyCastle.Tls;
using TlsGateway.Tls.OpenSsl;
using TlsGateway.Tls.Tests.Contract;

namespace TlsGateway.Tls.Tests;

/// <summary>What a hostile peer may send. The well-formed floods come from a BouncyCastle client, which sends any record that it is told to.</summary>
public sealed class FloodTests
{
    private const byte WarningLevel = 1;
    private const byte UserCanceled = 90;

    public static TheoryData<TlsEngine, TlsVersion> Servers => ResumptionContractTests.Servers;

    [Theory]
    [MemberData(nameof(Servers))]
    public void Empty_records_are_limited(TlsEngine engine, TlsVersion version)
    {
        using HostileClient client = new(engine, version, new TlsLimits { MaxRecordsWithoutData = 20 });

        int sent = client.Flood(() => client.SendRecord(ContentType.application_data, []), withData: false);

        Assert.InRange(sent, 21, 22);
        client.AssertEnded(TlsFailureKind.LimitExceeded, nameof(TlsLimits.MaxRecordsWithoutData));
    }

    [Theory]
    [InlineData(TlsVersion.Tls12)]
    [InlineData(TlsVersion.Tls13)]
    public void Empty_records_in_a_row_are_a_violation_however_high_the_limit(TlsVersion version)
    {
        using HostileClient client = new(version, new TlsLimits { MaxRecordsWithoutData = 1000 });

        int sent = client.Flood(() => client.SendRecord(ContentType.application_data, []), withData: false);

        Assert.Equal(33, sent);
        Assert.Equal(TlsFailureKind.ProtocolViolation, client.Server.Failure.Kind);
    }

    [Theory]
    [MemberData(nameof(Servers))]
    public void Empty_records_between_data_do_no_harm(TlsEngine engine, TlsVersion version)
    {
        using HostileClient client = new(engine, version, new TlsLimits { MaxRecordsWithoutData = 20 });
        for (int i = 0; i < 100; i++)
        {
            client.SendRecord(ContentType.application_data, []);
            Assert.Equal(TlsStatus.WantRead, client.SendData());
        }
    }

    [Theory]
    [InlineData(TlsEngine.OpenSsl)]
    [InlineData(TlsEngine.BouncyCastle)]
    public void Key_updates_without_data_are_limited_as_records_without_data(TlsEngine engine)
    {
        using HostileClient client = new(engine, TlsVersion.Tls13, TlsLimits.Default);

        int sent = client.Flood(client.SendKeyUpdate, withData: false);

        Assert.InRange(sent, 30, 34);
        client.AssertEnded(TlsFailureKind.LimitExceeded, nameof(TlsLimits.MaxRecordsWithoutData));
    }

    [Theory]
    [InlineData(TlsEngine.OpenSsl)]
    [InlineData(TlsEngine.BouncyCastle)]
    public void Key_updates_between_data_are_limited(TlsEngine engine)
    {
        using HostileClient client = new(engine, TlsVersion.Tls13, new TlsLimits { MaxKeyUpdates = 20 });

        int sent = client.Flood(client.SendKeyUpdate, withData: true);

        Assert.InRange(sent, 20, 22);
        client.AssertEnded(TlsFailureKind.LimitExceeded, nameof(TlsLimits.MaxKeyUpdates));
        Assert.Equal(21, client.Server.Counters.RxKeyUpdates);
    }

    [Theory]
    [InlineData(TlsEngine.OpenSsl)]
    [InlineData(TlsEngine.BouncyCastle)]
    public void Key_updates_are_earned_by_records(TlsEngine engine)
    {
        using HostileClient client = new(engine, TlsVersion.Tls13, new TlsLimits { MaxKeyUpdates = 0 });
        for (int i = 0; i < 2100; i++)
        {
            Assert.Equal(TlsStatus.WantRead, client.SendData());
        }

        int sent = client.Flood(client.SendKeyUpdate, withData: true);

        Assert.InRange(sent, 3, 4);
        client.AssertEnded(TlsFailureKind.LimitExceeded, nameof(TlsLimits.MaxKeyUpdates));
    }

    [Theory]
    [InlineData(TlsEngine.OpenSsl)]
    [InlineData(TlsEngine.BouncyCastle)]
    public void Warnings_between_data_are_limited(TlsEngine engine)
    {
        using HostileClient client = new(engine, TlsVersion.Tls12, TlsLimits.Default);

        int sent = client.Flood(() => client.SendRecord(ContentType.alert, [WarningLevel, UserCanceled]), withData: true);

        Assert.InRange(sent, 8, 10);
        client.AssertEnded(TlsFailureKind.LimitExceeded, nameof(TlsLimits.MaxWarnings));
        Assert.Equal(9, client.Server.Counters.RxWarnings);
    }

    [Theory]
    [InlineData(TlsEngine.OpenSsl)]
    [InlineData(TlsEngine.BouncyCastle)]
    public void Few_warnings_do_no_harm(TlsEngine engine)
    {
        using HostileClient client = new(engine, TlsVersion.Tls12, TlsLimits.Default);
        for (int i = 0; i < 4; i++)
        {
            client.SendRecord(ContentType.alert, [WarningLevel, UserCanceled]);
        }

        Assert.Equal(TlsStatus.WantRead, client.SendData());
        Assert.Equal(4, client.Server.Counters.RxWarnings);
        Assert.Equal(0, client.Server.Counters.RxRecordsSinceData);
    }

    [Theory]
    [InlineData(TlsEngine.OpenSsl)]
    [InlineData(TlsEngine.BouncyCastle)]
    public void Handshake_bytes_are_limited_however_small_the_records(TlsEngine engine)
    {
        using ITlsContext context = TlsEngines.CreateServer(
            engine,
            EnginePair.ServerSettings(TlsVersion.Tls13, new TlsLimits { MaxHandshakeBytes = 4096 })
        );
        using TestPool pool = new();
        using ITlsSession server = context.CreateSession(pool);
        // A ClientHello that claims 16,000 bytes, one byte to a record.
        byte[] message = new byte[16_000];
        new byte[] { 1, 0, 0x3e, 0x7c, 3, 3 }.CopyTo(message, 0);
        int records = 0;
        TlsStatus status = TlsStatus.WantRead;
        while (status == TlsStatus.WantRead)
        {
            Feed(server, [22, 3, 1, 0, 1, message[records++]]);
            status = server.Handshake();
        }

        Assert.Equal(TlsStatus.Error, status);
        Assert.Equal((TlsFailureKind.LimitExceeded, nameof(TlsLimits.MaxHandshakeBytes)), (server.Failure.Kind, server.Failure.Detail));
        Assert.InRange(records, 4096 / 6, (4096 / 6) + 1);
        Assert.InRange(server.Counters.RxHandshakeBytes, 4090, 4096);
    }

    [Theory]
    [MemberData(nameof(Servers))]
    public void An_oversized_record_is_a_violation_with_its_alert(TlsEngine engine, TlsVersion version)
    {
        const int RecordOverflow = 22;
        using EnginePair pair = EnginePair.Of(TlsEngine.OpenSsl, engine, version).Handshake();
        Feed(pair.Server, [23, 3, 3, 0xff, 0xff]);
        Feed(pair.Server, new byte[0xffff]);

        Assert.Equal(TlsStatus.Error, pair.Server.Read(new byte[100], out int read));

        Assert.Equal(0, read);
        Assert.Equal((TlsFailureKind.ProtocolViolation, RecordOverflow), (pair.Server.Failure.Kind, pair.Server.Failure.Alert));
        SessionPair.Move(pair.Server, pair.Client);
        Assert.Equal(TlsStatus.Error, pair.Client.Read(new byte[100], out _));
        Assert.Equal((TlsFailureKind.PeerAlert, RecordOverflow), (pair.Client.Failure.Kind, pair.Client.Failure.Alert));
    }

    [Theory]
    [MemberData(nameof(Servers))]
    public void A_changed_byte_is_a_bad_record(TlsEngine engine, TlsVersion version)
    {
        const int BadRecordMac = 20;
        using EnginePair pair = EnginePair.Of(TlsEngine.OpenSsl, engine, version).Handshake();
        pair.Client.Write("hello"u8, out _);
        byte[] record = pair.Client.TxPending.ToArray();
        pair.Client.TxConsume(record.Length);
        record[^1] ^= 1;
        Feed(pair.Server, record);

        Assert.Equal(TlsStatus.Error, pair.Server.Read(new byte[100], out _));

        Assert.Equal((TlsFailureKind.ProtocolViolation, BadRecordMac), (pair.Server.Failure.Kind, pair.Server.Failure.Alert));
    }

    [Theory]
    [InlineData(TlsEngine.OpenSsl, false)]
    [InlineData(TlsEngine.OpenSsl, true)]
    [InlineData(TlsEngine.BouncyCastle, false)]
    [InlineData(TlsEngine.BouncyCastle, true)]
    public void Random_bytes_end_a_session_and_nothing_else(TlsEngine engine, bool open)
    {
        Random random = new(21);
        byte[] bytes = new byte[2000];
        for (int i = 0; i < 300; i++)
        {
            using EnginePair pair = EnginePair.Of(TlsEngine.OpenSsl, engine, TlsVersion.Tls13);
            if (open)
            {
                pair.Handshake();
            }
            random.NextBytes(bytes);
            if (i % 2 == 0)
            {
                // A record header that may stand, so that the noise gets deeper.
                bytes[0] = (byte)(20 + (i % 4));
                bytes[1] = bytes[2] = 3;
                BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(3), (ushort)(i * 5));
            }
            Feed(pair.Server, bytes);
            pair.Server.RxEof();

            Assert.Equal(TlsStatus.Error, pair.Server.Read(new byte[100], out _));
            Assert.NotEqual(TlsFailureKind.None, pair.Server.Failure.Kind);
            Assert.NotEqual(TlsFailureKind.Internal, pair.Server.Failure.Kind);
            Assert.NotEqual("", pair.Server.Failure.Detail);
        }
    }

    [Fact]
    public void Plain_http_is_refused_without_an_answer_in_the_clear()
    {
        using OpenSslContext context = SessionPair.ServerContext(TlsVersion.Tls13);
        using TestPool pool = new();
        using OpenSslSession server = (OpenSslSession)context.CreateSession(pool);
        Feed(server, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"u8);

        Assert.Equal(TlsStatus.Error, server.Handshake());

        Assert.Equal(TlsFailureKind.ProtocolViolation, server.Failure.Kind);
        Assert.Contains("http request", server.Failure.Detail, StringComparison.Ordinal);
    }

    private static void Feed(ITlsSession session, ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(session.RxFree);
        session.RxCommit(bytes.Length);
    }
}
