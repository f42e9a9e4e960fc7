namespace TlsGateway.Tls.Tests;

public sealed class KeyUpdateTests
{
    [Theory]
    [InlineData(false, true)]
    [InlineData(true, true)]
    [InlineData(false, false)]
    [InlineData(true, false)]
    public void Either_side_may_renew_its_key_and_ask_for_the_others(bool askPeer, bool ownsRecords)
    {
        using SessionPair pair = SessionPair.Open(TlsVersion.Tls13, ownsRecords: ownsRecords);
        foreach ((ITlsSession from, ITlsSession to) in new[] { (pair.Server, pair.Client), (pair.Client, (ITlsSession)pair.Server) })
        {
            int before = to.Counters.TxKeyUpdates;
            Assert.Equal(TlsStatus.Done, from.KeyUpdate(askPeer));
            Assert.Equal(0, from.Counters.TxRecordsSinceKey);
            SessionPair.Move(from, to);
            Assert.Equal(TlsStatus.WantRead, to.Read(new byte[1], out _));

            Assert.Equal(0, to.Counters.RxRecordsSinceKey);
            pair.AssertEchoes();
            Assert.Equal(askPeer ? 1 : 0, to.Counters.TxKeyUpdates - before);
        }
        Assert.Equal(askPeer ? 2 : 1, pair.Server.Counters.RxKeyUpdates);
        Assert.Equal(askPeer ? 2 : 1, pair.Client.Counters.RxKeyUpdates);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_answer_goes_out_with_the_next_write_and_does_not_need_room_before(bool ownsRecords)
    {
        using SessionPair pair = SessionPair.Open(TlsVersion.Tls13, chunkBytes: 20_000, ownsRecords: ownsRecords);
        TlsStatus full;
        do
        {
            full = pair.Server.Write(new byte[1000], out _);
        } while (full == TlsStatus.Done);
        Assert.Equal(TlsStatus.WantWrite, full);
        pair.Client.KeyUpdate(askPeer: true);
        pair.Client.Write("data"u8, out _);
        SessionPair.Move(pair.Client, pair.Server);

        Assert.Equal("data"u8, SessionPair.ReadAll(pair.Server, out _));

        Assert.Equal(0, pair.Server.Counters.TxKeyUpdates);
        SessionPair.Move(pair.Server, pair.Client);
        SessionPair.ReadAll(pair.Client, out _);
        pair.AssertEchoes();
        Assert.Equal(1, pair.Server.Counters.TxKeyUpdates);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Key_update_says_want_write_when_it_does_not_fit_and_is_sent_once(bool ownsRecords)
    {
        using SessionPair pair = SessionPair.Open(TlsVersion.Tls13, chunkBytes: 600, ownsRecords: ownsRecords);
        pair.AssertEchoes();
        int written;
        do
        {
            pair.Server.Write(new byte[1], out written);
        } while (written == 1);
        TlsStatus status;
        int asked = 0;
        do
        {
            status = pair.Server.KeyUpdate(askPeer: false);
            asked++;
        } while (status == TlsStatus.Done && asked < 100);
        Assert.Equal(TlsStatus.WantWrite, status);

        SessionPair.Move(pair.Server, pair.Client);
        SessionPair.ReadAll(pair.Client, out _);
        pair.AssertEchoes();
        Assert.Equal(asked, pair.Server.Counters.TxKeyUpdates);
        Assert.Equal(asked, pair.Client.Counters.RxKeyUpdates);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_sending_key_is_renewed_after_its_records(bool ownsRecords)
    {
        using SessionPair pair = SessionPair.Open(TlsVersion.Tls13, new TlsLimits { MaxRecordsPerKey = 10 }, ownsRecords: ownsRecords);
        for (int i = 0; i < 100; i++)
        {
            Assert.Equal("x"u8, SessionPair.Send(pair.Server, pair.Client, "x"u8));
            Assert.InRange(pair.Server.Counters.TxRecordsSinceKey, 0, 12);
        }
        Assert.InRange(pair.Server.Counters.TxKeyUpdates, 8, 12);
        Assert.Equal(pair.Server.Counters.TxKeyUpdates, pair.Client.Counters.RxKeyUpdates);
        pair.AssertEchoes();
        Assert.NotEqual(0, pair.Client.Counters.TxKeyUpdates);
    }

    [Fact]
    public void On_tls12_the_server_renegotiates_for_a_new_key()
    {
        using SessionPair pair = SessionPair.Open(TlsVersion.Tls12, new TlsLimits { MaxRecordsPerKey = 20 });
        for (int i = 0; i < 100; i++)
        {
            Assert.Equal("x"u8, SessionPair.Send(pair.Server, pair.Client, "x"u8));
            SessionPair.Send(pair.Client, pair.Server, "y"u8);
        }
        Assert.InRange(pair.Server.Counters.Rehandshakes, 3, 8);
    }

    [Fact]
    public void On_tls12_a_client_that_does_not_answer_ends_the_session()
    {
        using SessionPair pair = SessionPair.Open(TlsVersion.Tls12, new TlsLimits { MaxRecordsPerKey = 20 });
        TlsStatus status = TlsStatus.Done;
        int records = 0;
        while (status == TlsStatus.Done && records < 2000)
        {
            status = pair.Server.Write("x"u8, out _);
            records++;
        }
        Assert.Equal(TlsStatus.Error, status);
        // The limit, and what a server may send while the client makes up its mind.
        Assert.InRange(records, 20 + 1024, 20 + 1024 + 3);
        Assert.Equal(new TlsFailure(TlsFailureKind.LimitExceeded, -1, nameof(TlsLimits.MaxRecordsPerKey)), pair.Server.Failure);
    }

    [Fact]
    public void Tls12_has_none_and_goes_on()
    {
        using SessionPair pair = SessionPair.Open(TlsVersion.Tls12);

        Assert.Equal(TlsStatus.Error, pair.Server.KeyUpdate(askPeer: true));

        Assert.Equal(TlsFailureKind.NotSupported, pair.Server.Failure.Kind);
        pair.AssertEchoes();
    }
}
