using TlsGateway.Tls.OpenSsl;

namespace TlsGateway.Tls.Tests;

/// <summary>The three suites of TLS 1.3 differ in key length, AEAD and hash: each goes the whole way, against OpenSSL's client.</summary>
public sealed class SuiteTests
{
    public static TheoryData<string> Suites => ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"];

    [Theory]
    [MemberData(nameof(Suites))]
    public void Each_suite_echoes_renews_keys_both_ways_and_resumes(string suite)
    {
        using OpenSslContext server = SessionPair.ServerContext(TlsVersion.Tls13);
        using OpenSslContext client = SessionPair.ClientContext();
        client.OfferOnly(suite);
        foreach (bool resumed in new[] { false, true, true })
        {
            using SessionPair pair = new(client, server);
            pair.Handshake();
            Assert.Equal((suite, resumed), (pair.Server.DescribeSession().CipherSuite, pair.Server.IsResumed));
            AssertCarries(pair, seed: 1);
            Assert.False(pair.Server.HoldsSsl);
            for (int i = 1; i <= 3; i++)
            {
                Assert.Equal(TlsStatus.Done, pair.Server.KeyUpdate(askPeer: true));
                AssertCarries(pair, seed: 2 * i);
                Assert.Equal(TlsStatus.Done, pair.Client.KeyUpdate(askPeer: true));
                AssertCarries(pair, seed: (2 * i) + 1);
                // The server's answer to the last request leaves with its next data.
                pair.AssertEchoes();
                Assert.Equal((2 * i, 2 * i), (pair.Server.Counters.TxKeyUpdates, pair.Server.Counters.RxKeyUpdates));
            }
            pair.Client.Shutdown();
            SessionPair.Move(pair.Client, pair.Server);
            Assert.Equal(TlsStatus.Closed, pair.Server.Read(new byte[1], out _));
        }
    }

    [Fact]
    public void A_ticket_does_not_resume_under_another_hash()
    {
        using OpenSslContext server = SessionPair.ServerContext(TlsVersion.Tls13);
        using OpenSslContext client = SessionPair.ClientContext();
        client.OfferOnly("TLS_AES_256_GCM_SHA384");
        using (SessionPair first = new(client, server))
        {
            first.Handshake().AssertEchoes();
        }
        client.OfferOnly("TLS_AES_128_GCM_SHA256");
        using SessionPair second = new(client, server);

        second.Handshake().AssertEchoes();

        Assert.False(second.Server.IsResumed);
    }

    private static void AssertCarries(SessionPair pair, int seed)
    {
        byte[] data = new byte[50_000];
        new Random(seed).NextBytes(data);
        Assert.Equal(data, SessionPair.Send(pair.Server, pair.Client, data));
        Assert.Equal(data, SessionPair.Send(pair.Client, pair.Server, data));
    }
}
