using TlsGateway.Tls.OpenSsl;

namespace TlsGateway.Tls.Tests;

public sealed class HandshakeTests
{
    [Theory]
    [InlineData(TlsVersion.Tls12, "TLSv1.2", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256")]
    [InlineData(TlsVersion.Tls13, "TLSv1.3", "TLS_AES_128_GCM_SHA256")]
    public void Both_sides_agree_and_echo(TlsVersion version, string name, string suite)
    {
        using OpenSslContext server = SessionPair.ServerContext(version);
        using OpenSslContext client = SessionPair.ClientContext(version);
        using SessionPair pair = new(client, server);

        pair.Handshake();

        pair.AssertEchoes();
        TlsSessionInfo info = pair.Server.DescribeSession();
        Assert.Equal(name, info.Version);
        Assert.Equal(suite, info.CipherSuite);
        Assert.NotEqual("", info.Group);
        Assert.False(info.IsResumed);
        Assert.Equal(("ecdsa-with-SHA256", "EC256"), (info.CertificateSignature, info.CertificateKey));
        Assert.Equal(info with { ServerName = "", CertificateSignature = "", CertificateKey = "" }, pair.Client.DescribeSession());
        Assert.Same(info.CipherSuite, pair.Client.DescribeSession().CipherSuite);
    }

    [Theory]
    [InlineData(TlsVersion.Tls12)]
    [InlineData(TlsVersion.Tls13)]
    public void An_open_session_with_nothing_in_flight_owns_no_buffer(TlsVersion version)
    {
        using OpenSslContext server = SessionPair.ServerContext(version);
        using OpenSslContext client = SessionPair.ClientContext(version);
        using SessionPair pair = new(client, server);

        pair.Handshake().AssertEchoes();

        Assert.Equal(0, pair.ClientPool.RentedCount);
        Assert.Equal(0, pair.ServerPool.RentedCount);
    }

    [Theory]
    [InlineData(TlsVersion.Tls12)]
    [InlineData(TlsVersion.Tls13)]
    public void A_megabyte_arrives_in_order_both_ways(TlsVersion version)
    {
        using OpenSslContext server = SessionPair.ServerContext(version);
        using OpenSslContext client = SessionPair.ClientContext(version);
        using SessionPair pair = new(client, server);
        pair.Handshake();
        byte[] data = new byte[1 << 20];
        new Random(7).NextBytes(data);

        Assert.Equal(data, SessionPair.Send(pair.Client, pair.Server, data));
        Assert.Equal(data, SessionPair.Send(pair.Server, pair.Client, data));
    }

    [Fact]
    public void Versions_without_overlap_end_as_no_common_version()
    {
        using OpenSslContext server = SessionPair.ServerContext(TlsVersion.Tls13);
        using OpenSslContext client = SessionPair.ClientContext(TlsVersion.Tls12);
        using SessionPair pair = new(client, server);

        (TlsStatus clientStatus, TlsStatus serverStatus) = pair.HandshakeToFailure();

        Assert.Equal(TlsStatus.Error, serverStatus);
        Assert.Equal(TlsFailureKind.NoCommonVersion, pair.Server.Failure.Kind);
        Assert.Equal(70, pair.Server.Failure.Alert);
        Assert.Equal(TlsStatus.Error, clientStatus);
        Assert.Equal(new TlsFailure(TlsFailureKind.PeerAlert, 70, pair.Client.Failure.Detail), pair.Client.Failure);
    }
}
