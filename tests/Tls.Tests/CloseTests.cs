using TlsGateway.Tls.OpenSsl;

namespace TlsGateway.Tls.Tests;

public sealed class CloseTests
{
    [Theory]
    [InlineData(TlsVersion.Tls12, true)]
    [InlineData(TlsVersion.Tls13, true)]
    [InlineData(TlsVersion.Tls13, false)]
    public void A_close_notify_is_a_clean_close_even_when_eof_follows(TlsVersion version, bool ownsRecords)
    {
        using SessionPair pair = SessionPair.Open(version, ownsRecords: ownsRecords);
        pair.Client.Write("bye"u8, out _);
        Assert.Equal(TlsStatus.Done, pair.Client.Shutdown());
        SessionPair.Move(pair.Client, pair.Server);
        pair.Server.RxEof();

        Assert.Equal("bye"u8, SessionPair.ReadAll(pair.Server, out TlsStatus status));

        Assert.Equal(TlsStatus.Closed, status);
        Assert.Equal(TlsStatus.Closed, pair.Server.Read(new byte[1], out _));
        Assert.Equal(TlsFailure.None, pair.Server.Failure);
    }

    [Theory]
    [InlineData(TlsVersion.Tls12, true)]
    [InlineData(TlsVersion.Tls13, true)]
    [InlineData(TlsVersion.Tls13, false)]
    public void Eof_without_close_notify_is_a_truncation_after_the_data(TlsVersion version, bool ownsRecords)
    {
        using SessionPair pair = SessionPair.Open(version, ownsRecords: ownsRecords);
        pair.Client.Write("data"u8, out _);
        SessionPair.Move(pair.Client, pair.Server);
        pair.Server.RxEof();

        Assert.Equal("data"u8, SessionPair.ReadAll(pair.Server, out TlsStatus status));

        Assert.Equal(TlsStatus.Error, status);
        Assert.Equal(TlsFailureKind.Truncated, pair.Server.Failure.Kind);
        Assert.Equal(TlsStatus.Error, pair.Server.Read(new byte[1], out _));
        Assert.Equal(TlsStatus.Error, pair.Server.Write("x"u8, out _));
        Assert.Equal(TlsStatus.Error, pair.Server.Handshake());
        Assert.Equal(TlsStatus.Error, pair.Server.Shutdown());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Eof_in_a_record_and_in_a_handshake_are_truncations(bool ownsRecords)
    {
        using SessionPair pair = SessionPair.Open(TlsVersion.Tls13, ownsRecords: ownsRecords);
        pair.Client.Write("data"u8, out _);
        SessionPair.Move(pair.Client, pair.Server, 10);
        pair.Server.RxEof();
        Assert.Equal(TlsStatus.Error, pair.Server.Read(new byte[1], out _));
        Assert.Equal(TlsFailureKind.Truncated, pair.Server.Failure.Kind);

        using OpenSslContext server = SessionPair.ServerContext(TlsVersion.Tls13);
        using OpenSslContext client = SessionPair.ClientContext();
        using SessionPair fresh = new(client, server);
        fresh.Client.Handshake();
        SessionPair.Move(fresh.Client, fresh.Server, 100);
        fresh.Server.RxEof();
        Assert.Equal(TlsStatus.Error, fresh.Server.Handshake());
        Assert.Equal(TlsFailureKind.Truncated, fresh.Server.Failure.Kind);
    }

    [Theory]
    [InlineData(TlsVersion.Tls12, true, true)]
    [InlineData(TlsVersion.Tls13, true, true)]
    [InlineData(TlsVersion.Tls13, true, false)]
    [InlineData(TlsVersion.Tls12, false, true)]
    [InlineData(TlsVersion.Tls13, false, true)]
    [InlineData(TlsVersion.Tls13, false, false)]
    public void One_direction_goes_on_after_the_other_was_closed(TlsVersion version, bool clientCloses, bool ownsRecords)
    {
        using SessionPair pair = SessionPair.Open(version, ownsRecords: ownsRecords);
        pair.AssertEchoes();
        (ITlsSession closer, ITlsSession other) = clientCloses ? (pair.Client, (ITlsSession)pair.Server) : (pair.Server, pair.Client);
        byte[] data = new byte[100_000];
        new Random(1).NextBytes(data);
        closer.Shutdown();
        SessionPair.Move(closer, other);
        Assert.Equal(TlsStatus.Closed, other.Read(new byte[1], out _));

        Assert.Equal(data, SessionPair.Send(other, closer, data));

        other.Shutdown();
        SessionPair.Move(other, closer);
        Assert.Equal(TlsStatus.Closed, closer.Read(new byte[1], out _));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Shutdown_says_want_write_until_the_alert_fits_and_sends_it_once(bool ownsRecords)
    {
        using SessionPair pair = SessionPair.Open(TlsVersion.Tls13, chunkBytes: 600, ownsRecords: ownsRecords);
        pair.AssertEchoes();
        TlsStatus status;
        do
        {
            status = pair.Server.KeyUpdate(askPeer: false);
        } while (status == TlsStatus.Done);
        Assert.Equal(TlsStatus.WantWrite, status);

        Assert.Equal(TlsStatus.WantWrite, pair.Server.Shutdown());
        SessionPair.Move(pair.Server, pair.Client);
        Assert.Equal(TlsStatus.WantRead, pair.Client.Read(new byte[1], out _));

        Assert.Equal(TlsStatus.Done, pair.Server.Shutdown());
        int length = pair.Server.TxPending.Length;
        Assert.Equal(TlsStatus.Done, pair.Server.Shutdown());

        Assert.Equal(length, pair.Server.TxPending.Length);
        SessionPair.Move(pair.Server, pair.Client);
        Assert.Equal(TlsStatus.Closed, pair.Client.Read(new byte[1], out _));
    }

    [Fact]
    public void Shutdown_in_the_middle_of_a_handshake_sends_nothing()
    {
        using OpenSslContext server = SessionPair.ServerContext(TlsVersion.Tls13);
        using OpenSslContext client = SessionPair.ClientContext();
        using SessionPair pair = new(client, server);
        Assert.Equal(TlsStatus.WantRead, pair.Server.Handshake());

        Assert.Equal(TlsStatus.Done, pair.Server.Shutdown());

        Assert.Equal(0, pair.Server.TxPending.Length);
    }

    [Fact]
    public void Shutdown_in_the_middle_of_a_renegotiation_waits_for_its_end()
    {
        using SessionPair pair = SessionPair.Open(TlsVersion.Tls12);
        Assert.Equal(TlsStatus.Done, pair.Server.Rehandshake());
        SessionPair.Move(pair.Server, pair.Client);
        Assert.Equal(TlsStatus.WantRead, pair.Client.Read(new byte[1], out _));
        SessionPair.Move(pair.Client, pair.Server);
        Assert.Equal(TlsStatus.WantRead, pair.Server.Read(new byte[1], out _));

        Assert.Equal(TlsStatus.WantRead, pair.Server.Shutdown());
        SessionPair.Move(pair.Server, pair.Client);
        Assert.Equal(TlsStatus.WantRead, pair.Client.Read(new byte[1], out _));
        SessionPair.Move(pair.Client, pair.Server);

        Assert.Equal(TlsStatus.Done, pair.Server.Shutdown());
        SessionPair.Move(pair.Server, pair.Client);
        Assert.Equal(TlsStatus.Closed, pair.Client.Read(new byte[1], out _));
    }

    [Fact]
    public void Writing_after_shutdown_is_the_callers_fault()
    {
        using SessionPair pair = SessionPair.Open(TlsVersion.Tls13);
        pair.Server.Shutdown();

        Assert.Throws<InvalidOperationException>(() => pair.Server.Write("x"u8, out _));
    }

    [Fact]
    public void A_disposed_session_is_counted_out_keeps_its_counters_and_refuses_calls()
    {
        long live = OpenSslSession.LiveCount;
        SessionPair pair = SessionPair.Open(TlsVersion.Tls13);
        pair.AssertEchoes();
        Assert.Equal(live + 2, OpenSslSession.LiveCount);
        long records = pair.Server.Counters.RxRecords;
        pair.Server.RxFree[0] = 1;

        pair.Dispose();
        pair.Dispose();

        Assert.Equal(live, OpenSslSession.LiveCount);
        Assert.NotEqual(0, records);
        Assert.Equal(records, pair.Server.Counters.RxRecords);
        Assert.True(pair.Server.IsHandshakeComplete);
        Assert.Throws<ObjectDisposedException>(() => pair.Server.Read(new byte[1], out _));
    }
}
