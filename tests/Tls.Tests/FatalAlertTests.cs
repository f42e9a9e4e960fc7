using TlsGateway.Tls.OpenSsl;
using TlsGateway.Tls.Policies;

namespace TlsGateway.Tls.Tests;

/// <summary>A fatal alert of the caller's choice on TLS 1.2, where libssl has no call for one. OpenSSL's client decrypts it.</summary>
public sealed class FatalAlertTests
{
    private const int InternalError = 80;

    [Theory]
    [InlineData("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", 0)]
    [InlineData("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", 5)]
    [InlineData("TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", 1)]
    [InlineData("TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", 0)]
    [InlineData("TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", 300)]
    public void It_arrives_after_any_number_of_records(string suite, int records)
    {
        foreach (bool resumed in new[] { false, true })
        {
            using OpenSslContext server = SessionPair.ServerContext(TlsVersion.Tls12);
            using OpenSslContext client = Client(suite);
            using SessionPair first = new(client, server);
            first.Handshake().AssertEchoes();
            using SessionPair second = new(client, server);
            SessionPair pair = resumed ? second : first;
            if (resumed)
            {
                pair.Handshake();
            }
            Assert.Equal(resumed, pair.Server.IsResumed);
            for (int i = 0; i < records; i++)
            {
                pair.AssertEchoes();
            }
            AssertAlert(pair);
        }
    }

    [Fact]
    public void It_comes_behind_what_was_written()
    {
        using SessionPair pair = SessionPair.Open(TlsVersion.Tls12);
        Assert.Equal(TlsStatus.Done, pair.Server.Write("last words"u8, out _));
        pair.Server.Fail(Failure);
        SessionPair.Move(pair.Server, pair.Client);
        byte[] read = new byte[100];
        Assert.Equal(TlsStatus.Error, pair.Client.Read(read, out int count));
        Assert.Equal("last words"u8, read.AsSpan(0, count));
        Assert.Equal((TlsFailureKind.PeerAlert, InternalError), (pair.Client.Failure.Kind, pair.Client.Failure.Alert));
    }

    /// <summary>New keys are not known here, and a suite with a MAC is not made: nothing is sent, and no alert is claimed.</summary>
    [Fact]
    public void After_a_renegotiation_none_is_sent()
    {
        using SessionPair pair = SessionPair.Open(TlsVersion.Tls12);
        pair.Server.Rehandshake();
        for (int i = 0; i < 3; i++)
        {
            SessionPair.Move(pair.Server, pair.Client);
            pair.Client.Read(new byte[1], out _);
            SessionPair.Move(pair.Client, pair.Server);
            pair.Server.Read(new byte[1], out _);
        }
        Assert.Equal(1, pair.Server.Counters.Rehandshakes);
        AssertNone(pair);
    }

    [Fact]
    public void With_a_suite_of_CBC_none_is_sent()
    {
        const string Suite = "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256";
        using OpenSslContext server = OpenSslContext.CreateServer(
            new TlsServerSettings
            {
                Certificates = [TestCertificates.Default],
                MaximumVersion = TlsVersion.Tls12,
                Policy = TlsPolicies.Intermediate with { CipherSuites = [Suite] },
            }
        );
        using OpenSslContext client = Client(Suite);
        using SessionPair pair = new(client, server);
        pair.Handshake().AssertEchoes();
        AssertNone(pair);
    }

    private static OpenSslContext Client(string suite) =>
        OpenSslContext.CreateClient(
            new TlsClientSettings { MaximumVersion = TlsVersion.Tls12, Policy = TlsPolicies.Intermediate with { CipherSuites = [suite] } }
        );

    private static TlsFailure Failure { get; } = new(TlsFailureKind.Internal, InternalError, "no upstream");

    private static void AssertAlert(SessionPair pair)
    {
        pair.Server.Fail(Failure);
        Assert.Equal(InternalError, pair.Server.Failure.Alert);
        SessionPair.Move(pair.Server, pair.Client);
        Assert.Equal(TlsStatus.Error, pair.Client.Read(new byte[1], out _));
        Assert.Equal((TlsFailureKind.PeerAlert, InternalError), (pair.Client.Failure.Kind, pair.Client.Failure.Alert));
    }

    private static void AssertNone(SessionPair pair)
    {
        SessionPair.Move(pair.Server, pair.Client);
        pair.Server.Fail(Failure);
        Assert.Equal(-1, pair.Server.Failure.Alert);
        Assert.Equal(0, SessionPair.Move(pair.Server, pair.Client));
    }
}
