using TlsGateway.Tls.OpenSsl;

namespace TlsGateway.Tls.Tests;

public sealed class RenegotiationTests
{
    private const int NoRenegotiation = 100;

    [Fact]
    public void A_servers_write_waits_for_the_client_and_then_completes()
    {
        using SessionPair pair = SessionPair.Open(TlsVersion.Tls12);
        Assert.Equal(TlsStatus.Done, pair.Server.Rehandshake());
        Assert.True(pair.Server.IsRehandshaking);
        SessionPair.Move(pair.Server, pair.Client);
        pair.Client.Read(new byte[1], out _);
        SessionPair.Move(pair.Client, pair.Server);
        Assert.Equal(TlsStatus.WantRead, pair.Server.Read(new byte[1], out _));

        Assert.Equal(TlsStatus.WantRead, pair.Server.Write("data"u8, out int written));
        Assert.Equal(0, written);
        Assert.True(pair.Server.IsRehandshaking);

        SessionPair.Move(pair.Server, pair.Client);
        pair.Client.Read(new byte[1], out _);
        SessionPair.Move(pair.Client, pair.Server);
        Assert.Equal(TlsStatus.Done, pair.Server.Write("data"u8, out written));
        Assert.Equal(4, written);
        Assert.False(pair.Server.IsRehandshaking);
        SessionPair.Move(pair.Server, pair.Client);
        Assert.Equal("data"u8, SessionPair.ReadAll(pair.Client, out _));
        AssertRehandshaken(pair, 1);
    }

    [Fact]
    public void Data_that_the_client_sent_before_its_hello_arrives_in_order()
    {
        using SessionPair pair = SessionPair.Open(TlsVersion.Tls12);
        pair.Client.Write("early "u8, out _);
        pair.Server.Rehandshake();
        SessionPair.Move(pair.Server, pair.Client);
        pair.Client.Read(new byte[1], out _);
        SessionPair.Move(pair.Client, pair.Server);

        // The write meets the data first: it keeps it for Read, and goes on to the handshake.
        Assert.Equal(TlsStatus.WantRead, pair.Server.Handshake());
        SessionPair.Move(pair.Server, pair.Client);
        Assert.Equal(TlsStatus.WantRead, pair.Client.Write("late"u8, out _));
        SessionPair.Move(pair.Client, pair.Server);
        Assert.Equal(TlsStatus.Done, pair.Server.Handshake());
        SessionPair.Move(pair.Server, pair.Client);
        Assert.Equal(TlsStatus.Done, pair.Client.Write("late"u8, out _));
        SessionPair.Move(pair.Client, pair.Server);

        Assert.Equal("early late"u8, SessionPair.ReadAll(pair.Server, out _));
        AssertRehandshaken(pair, 1);
    }

    [Theory]
    [InlineData(10)]
    [InlineData(100_000)]
    public void A_client_that_writes_while_the_servers_data_still_comes_keeps_it_in_order(int length)
    {
        using SessionPair pair = SessionPair.Open(TlsVersion.Tls12);
        byte[] data = new byte[length];
        new Random(9).NextBytes(data);
        pair.Server.Rehandshake();
        SessionPair.Move(pair.Server, pair.Client);
        Assert.Equal(TlsStatus.WantRead, pair.Client.Read(new byte[1], out _));
        Assert.True(pair.Client.IsRehandshaking);
        Assert.Equal(TlsStatus.Done, pair.Server.Write(data, out _));
        SessionPair.Move(pair.Server, pair.Client, length / 2);

        Assert.Equal(TlsStatus.WantRead, pair.Client.Write("up"u8, out _));
        SessionPair.Move(pair.Server, pair.Client);
        Assert.Equal(TlsStatus.WantRead, pair.Client.Write("up"u8, out _));

        Assert.Equal("up"u8, SessionPair.Send(pair.Client, pair.Server, "up"u8));
        Assert.Equal(data, SessionPair.ReadAll(pair.Client, out _));
        AssertRehandshaken(pair, 1);
    }

    [Fact]
    public void Data_half_read_does_not_break_a_write_during_the_renegotiation()
    {
        using SessionPair pair = SessionPair.Open(TlsVersion.Tls12);
        pair.Server.Rehandshake();
        SessionPair.Move(pair.Server, pair.Client);
        pair.Client.Read(new byte[1], out _);
        pair.Server.Write("abcdef"u8, out _);
        SessionPair.Move(pair.Server, pair.Client);
        byte[] first = new byte[2];
        Assert.Equal(TlsStatus.Done, pair.Client.Read(first, out _));

        Assert.Equal(TlsStatus.WantRead, pair.Client.Write("up"u8, out _));

        Assert.Equal("up"u8, SessionPair.Send(pair.Client, pair.Server, "up"u8));
        Assert.Equal("ab"u8, first);
        Assert.Equal("cdef"u8, SessionPair.ReadAll(pair.Client, out _));
    }

    [Fact]
    public void A_write_says_want_read_when_the_data_kept_for_read_fills_its_bound()
    {
        const int Chunk = 40_000;
        using SessionPair pair = SessionPair.Open(TlsVersion.Tls12, chunkBytes: Chunk);
        byte[] data = new byte[200_000];
        new Random(2).NextBytes(data);
        pair.Server.Rehandshake();
        SessionPair.Move(pair.Server, pair.Client);
        pair.Client.Read(new byte[1], out _);
        int sent = 0;
        for (int i = 0; i < 50; i++)
        {
            pair.Server.Write(data.AsSpan(sent), out int written);
            sent += written;
            SessionPair.Move(pair.Server, pair.Client);
            Assert.Equal(TlsStatus.WantRead, pair.Client.Write("up"u8, out _));
        }
        Assert.True(sent < data.Length);
        Assert.InRange(pair.ClientPool.RentedBytes, Chunk, 3 * Chunk);

        List<byte> received = [];
        for (int i = 0; i < 50 && received.Count < data.Length; i++)
        {
            received.AddRange(SessionPair.ReadAll(pair.Client, out _));
            pair.Server.Write(data.AsSpan(sent), out int written);
            sent += written;
            SessionPair.Move(pair.Server, pair.Client);
        }
        Assert.Equal(data, received);
        Assert.Equal("up"u8, SessionPair.Send(pair.Client, pair.Server, "up"u8));
    }

    [Fact]
    public void Close_notify_waits_for_the_rehandshake_that_runs_and_then_goes_out()
    {
        using SessionPair pair = SessionPair.Open(TlsVersion.Tls12);
        pair.Server.Rehandshake();
        SessionPair.Move(pair.Server, pair.Client);
        pair.Client.Read(new byte[1], out _);
        SessionPair.Move(pair.Client, pair.Server);
        Assert.Equal(TlsStatus.WantRead, pair.Server.Read(new byte[1], out _));

        Assert.Equal(TlsStatus.WantRead, pair.Server.Shutdown());
        SessionPair.Move(pair.Server, pair.Client);
        pair.Client.Read(new byte[1], out _);
        SessionPair.Move(pair.Client, pair.Server);
        Assert.Equal(TlsStatus.Done, pair.Server.Shutdown());

        SessionPair.Move(pair.Server, pair.Client);
        Assert.Equal(TlsStatus.Closed, pair.Client.Read(new byte[1], out _));
    }

    [Fact]
    public void However_much_both_sides_have_to_send_both_read_on_and_answer()
    {
        using SessionPair pair = SessionPair.Open(TlsVersion.Tls12);
        byte[] buffer = new byte[1 << 20];
        pair.Server.Rehandshake();
        // Neither takes a byte from the other before it has filled its output; and only one direction moves at a time: the other one stays full.
        Fill(pair.Server);
        Fill(pair.Client);
        for (int i = 0; i < 20 && pair.Client.Counters.Rehandshakes == 0; i++)
        {
            SessionPair.Move(pair.Server, pair.Client);
            Assert.NotEqual(TlsStatus.WantWrite, pair.Client.Read(buffer, out _));
            Fill(pair.Server);
            SessionPair.Move(pair.Client, pair.Server);
            Assert.NotEqual(TlsStatus.WantWrite, pair.Server.Read(buffer, out _));
            Fill(pair.Client);
        }
        AssertRehandshaken(pair, 1);

        static void Fill(ITlsSession session)
        {
            foreach (int bytes in (int[])[16384, 4096, 512, 64, 1])
            {
                TlsStatus status;
                do
                {
                    status = session.Write(new byte[bytes], out _);
                } while (status == TlsStatus.Done);
            }
        }
    }

    [Fact]
    public void Read_says_want_write_when_the_servers_flight_does_not_fit()
    {
        using SessionPair pair = SessionPair.Open(TlsVersion.Tls12, chunkBytes: 20_000);
        pair.Server.Rehandshake();
        SessionPair.Move(pair.Server, pair.Client);
        pair.Client.Read(new byte[1], out _);
        SessionPair.Move(pair.Client, pair.Server);
        pair.Server.Write(new byte[16_384], out _);
        pair.Server.Write(new byte[3000], out int filler);
        Assert.Equal(3000, filler);

        Assert.Equal(TlsStatus.WantWrite, pair.Server.Read(new byte[1], out _));
        Assert.Equal(TlsStatus.WantWrite, pair.Server.Read(new byte[1], out _));

        SessionPair.Move(pair.Server, pair.Client);
        Assert.Equal(TlsStatus.WantRead, pair.Server.Read(new byte[1], out _));
        Assert.Equal(19_384, SessionPair.ReadAll(pair.Client, out _).Length);
        SessionPair.Move(pair.Server, pair.Client);
        pair.Client.Read(new byte[1], out _);
        pair.AssertEchoes();
        AssertRehandshaken(pair, 1);
    }

    [Fact]
    public void Asking_twice_is_one_renegotiation_and_it_can_be_repeated_later()
    {
        using SessionPair pair = SessionPair.Open(TlsVersion.Tls12);
        for (int i = 1; i <= 3; i++)
        {
            Assert.Equal(TlsStatus.Done, pair.Server.Rehandshake());
            Assert.Equal(TlsStatus.Done, pair.Server.Rehandshake());
            pair.AssertEchoes();
            pair.AssertEchoes();
            AssertRehandshaken(pair, i);
        }
    }

    [Fact]
    public void A_client_may_not_begin_one_unless_allowed()
    {
        using SessionPair pair = SessionPair.Open(TlsVersion.Tls12);
        Assert.Equal(TlsStatus.Done, pair.Client.Rehandshake());
        SessionPair.Move(pair.Client, pair.Server);

        Assert.Equal(TlsStatus.WantRead, pair.Server.Read(new byte[1], out _));

        Assert.False(pair.Server.IsRehandshaking);
        Assert.Equal(0, pair.Server.Counters.Rehandshakes);
        SessionPair.Move(pair.Server, pair.Client);
        Assert.Equal(TlsStatus.Error, pair.Client.Read(new byte[1], out _));
        Assert.Equal((TlsFailureKind.PeerAlert, NoRenegotiation), (pair.Client.Failure.Kind, pair.Client.Failure.Alert));
        Assert.Equal(TlsStatus.Done, pair.Server.Write("still here"u8, out _));
    }

    [Fact]
    public void A_client_may_begin_one_where_it_is_allowed()
    {
        using SessionPair pair = SessionPair.Open(TlsVersion.Tls12, allowClientRenegotiation: true);

        Assert.Equal(TlsStatus.Done, pair.Client.Rehandshake());
        pair.AssertEchoes();

        AssertRehandshaken(pair, 1);
    }

    [Theory]
    [InlineData(2, 9, nameof(TlsLimits.MaxRehandshakes))]
    [InlineData(9, 2, nameof(TlsLimits.MaxClientRehandshakes))]
    public void Their_number_is_limited(int all, int clients, string limit)
    {
        TlsLimits limits = new() { MaxRehandshakes = all, MaxClientRehandshakes = clients };
        using SessionPair pair = SessionPair.Open(TlsVersion.Tls12, limits, allowClientRenegotiation: true);
        for (int i = 0; i < 2; i++)
        {
            pair.Client.Rehandshake();
            pair.AssertEchoes();
        }
        pair.Client.Rehandshake();
        SessionPair.Move(pair.Client, pair.Server);

        Assert.Equal(TlsStatus.Error, pair.Server.Read(new byte[1], out _));
        Assert.Equal(new TlsFailure(TlsFailureKind.LimitExceeded, -1, limit), pair.Server.Failure);
    }

    [Fact]
    public void The_server_s_own_do_not_count_as_the_client_s()
    {
        using SessionPair pair = SessionPair.Open(TlsVersion.Tls12, new TlsLimits { MaxClientRehandshakes = 0 });
        for (int i = 1; i <= 3; i++)
        {
            pair.Server.Rehandshake();
            // The second exchange sees the end of the handshake.
            pair.AssertEchoes();
            pair.AssertEchoes();
            AssertRehandshaken(pair, i);
        }
    }

    [Fact]
    public void Handshake_bytes_count_anew_in_each_and_application_data_does_not()
    {
        using SessionPair pair = SessionPair.Open(TlsVersion.Tls12, new TlsLimits { MaxHandshakeBytes = 2000 });
        for (int i = 0; i < 5; i++)
        {
            pair.Server.Rehandshake();
            SessionPair.Send(pair.Client, pair.Server, new byte[10_000]);
            pair.AssertEchoes();
            pair.AssertEchoes();
            Assert.InRange(pair.Server.Counters.RxHandshakeBytes, 100, 2000);
        }
        AssertRehandshaken(pair, 5);
    }

    [Fact]
    public void Tls13_has_none_and_goes_on()
    {
        using SessionPair pair = SessionPair.Open(TlsVersion.Tls13);

        Assert.Equal(TlsStatus.Error, pair.Server.Rehandshake());

        Assert.Equal(TlsFailureKind.NotSupported, pair.Server.Failure.Kind);
        Assert.False(pair.Server.IsRehandshaking);
        pair.AssertEchoes();
    }

    private static void AssertRehandshaken(SessionPair pair, int times)
    {
        Assert.Equal((times, times), (pair.Server.Counters.Rehandshakes, pair.Client.Counters.Rehandshakes));
        Assert.False(pair.Server.IsRehandshaking);
        Assert.False(pair.Client.IsRehandshaking);
    }
}
