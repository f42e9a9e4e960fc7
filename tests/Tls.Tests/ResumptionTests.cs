using TlsGateway.Tls.OpenSsl;

namespace TlsGateway.Tls.Tests;

public sealed class ResumptionTests
{
    [Theory]
    [InlineData(TlsVersion.Tls12)]
    [InlineData(TlsVersion.Tls13)]
    public void A_second_connection_resumes_and_gets_a_fresh_ticket_for_a_third(TlsVersion version)
    {
        using OpenSslContext server = SessionPair.ServerContext(version);
        using OpenSslContext client = SessionPair.ClientContext(version);

        Assert.False(ConnectAndEcho(client, server));
        Assert.True(ConnectAndEcho(client, server));
        Assert.True(ConnectAndEcho(client, server));
    }

    [Fact]
    public void Tickets_wait_for_the_first_data_and_leave_with_it()
    {
        using OpenSslContext server = SessionPair.ServerContext(TlsVersion.Tls13);
        using OpenSslContext client = SessionPair.ClientContext();
        using SessionPair pair = new(client, server);
        pair.Handshake();
        Assert.Equal(TlsStatus.Done, pair.Server.Handshake());
        Assert.Equal(0, pair.Server.TxPending.Length);
        Assert.Equal("ping"u8, SessionPair.Send(pair.Client, pair.Server, "ping"u8));
        Assert.Equal(0, pair.Server.TxPending.Length);
        long records = pair.Server.Counters.TxRecords;

        pair.Server.Write("pong"u8, out _);

        Assert.Equal(2, pair.Server.Counters.TxRecords - records);
        SessionPair.Move(pair.Server, pair.Client);
        Assert.Equal("pong"u8, SessionPair.ReadAll(pair.Client, out _));
        Assert.True(ConnectAndEcho(client, server));
    }

    [Fact]
    public void Flush_sends_the_tickets_without_data_once()
    {
        using OpenSslContext server = SessionPair.ServerContext(TlsVersion.Tls13);
        using OpenSslContext client = SessionPair.ClientContext();
        using (SessionPair pair = new(client, server))
        {
            Assert.Equal(TlsStatus.Done, pair.Server.FlushTickets());
            Assert.Equal(0, pair.Server.TxPending.Length);
            pair.Handshake();

            Assert.Equal(TlsStatus.Done, pair.Server.FlushTickets());

            int length = pair.Server.TxPending.Length;
            Assert.NotEqual(0, length);
            Assert.Equal(TlsStatus.Done, pair.Server.FlushTickets());
            Assert.Equal(length, pair.Server.TxPending.Length);
            SessionPair.Move(pair.Server, pair.Client);
            pair.Client.Read(new byte[1], out _);
        }
        Assert.True(ConnectAndEcho(client, server));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(4)]
    public void As_many_tickets_as_configured_are_sent(int tickets)
    {
        using OpenSslContext server = OpenSslContext.CreateServer(
            new TlsServerSettings { Certificates = [TestCertificates.Default], Tickets = tickets }
        );
        using OpenSslContext client = SessionPair.ClientContext();

        ConnectAndEcho(client, server);

        Assert.Equal(tickets, client.ClientSessions!.Count);
    }

    [Theory]
    [InlineData(TlsVersion.Tls12)]
    [InlineData(TlsVersion.Tls13)]
    public void The_next_generation_takes_tickets_of_the_one_before(TlsVersion version)
    {
        using OpenSslContext client = SessionPair.ClientContext(version);
        TlsServerSettings settings = new() { Certificates = [TestCertificates.Default], MaximumVersion = version };
        OpenSslContext first = OpenSslContext.CreateServer(settings);
        Assert.False(ConnectAndEcho(client, first));
        OpenSslContext second = OpenSslContext.CreateServer(settings with { Certificates = [TestCertificates.Exact] }, first);
        first.Dispose();

        Assert.True(ConnectAndEcho(client, second));

        second.Dispose();
        using OpenSslContext stranger = OpenSslContext.CreateServer(settings);
        Assert.False(ConnectAndEcho(client, stranger));
    }

    [Theory]
    [InlineData(TlsVersion.Tls12)]
    [InlineData(TlsVersion.Tls13)]
    public void A_ticket_resumes_on_a_certificate_chosen_by_name(TlsVersion version)
    {
        using OpenSslContext server = OpenSslContext.CreateServer(
            new TlsServerSettings { Certificates = [TestCertificates.Default, TestCertificates.Exact], MaximumVersion = version }
        );
        using OpenSslContext client = SessionPair.ClientContext(version, "www.example.test");

        Assert.False(ConnectAndEcho(client, server));
        Assert.True(ConnectAndEcho(client, server));
    }

    [Fact]
    public void A_ticket_of_one_name_resumes_under_another()
    {
        using OpenSslContext server = OpenSslContext.CreateServer(
            new TlsServerSettings { Certificates = [TestCertificates.Default, TestCertificates.Exact] }
        );
        using OpenSslContext client = SessionPair.ClientContext(serverName: "www.example.test");
        using OpenSslContext other = SessionPair.ClientContext(serverName: "default.test");
        ConnectAndEcho(client, server);
        other.ClientSessions!.Add(client.ClientSessions!.Take());

        Assert.True(ConnectAndEcho(other, server));
    }

    [Fact]
    public void A_connection_that_was_cut_off_leaves_its_ticket_usable()
    {
        using OpenSslContext server = SessionPair.ServerContext(TlsVersion.Tls12);
        using OpenSslContext client = SessionPair.ClientContext(TlsVersion.Tls12);
        using (SessionPair cut = new(client, server))
        {
            cut.Handshake();
        }

        Assert.True(ConnectAndEcho(client, server));
    }

    [Fact]
    public void A_session_survives_the_disposal_of_its_context()
    {
        OpenSslContext server = SessionPair.ServerContext(TlsVersion.Tls13);
        OpenSslContext client = SessionPair.ClientContext();
        using SessionPair pair = new(client, server);
        server.Dispose();
        client.Dispose();

        pair.Handshake().AssertEchoes();

        Assert.Throws<ObjectDisposedException>(() => server.CreateSession(pair.ServerPool));
    }

    private static bool ConnectAndEcho(OpenSslContext client, OpenSslContext server)
    {
        using SessionPair pair = new(client, server);
        pair.Handshake().AssertEchoes();
        bool resumed = pair.Server.DescribeSession().IsResumed;
        Assert.Equal(resumed, pair.Client.DescribeSession().IsResumed);
        pair.Client.Shutdown();
        pair.Server.Shutdown();
        SessionPair.Move(pair.Client, pair.Server);
        SessionPair.Move(pair.Server, pair.Client);
        return resumed;
    }
}
