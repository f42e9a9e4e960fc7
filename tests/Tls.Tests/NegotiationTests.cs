using TlsGateway.Tls.OpenSsl;

namespace TlsGateway.Tls.Tests;

public sealed class NegotiationTests
{
    private const int NoApplicationProtocol = 120;

    [Theory]
    [InlineData(TlsVersion.Tls12, "www.example.test", "exact")]
    [InlineData(TlsVersion.Tls13, "www.example.test", "exact")]
    [InlineData(TlsVersion.Tls13, "WWW.Example.TEST", "exact")]
    [InlineData(TlsVersion.Tls13, "mixed.example.test", "exact")]
    [InlineData(TlsVersion.Tls12, "other.example.test", "wildcard")]
    [InlineData(TlsVersion.Tls13, "other.example.test", "wildcard")]
    [InlineData(TlsVersion.Tls13, "a.b.example.test", "default")]
    [InlineData(TlsVersion.Tls13, "example.test", "default")]
    [InlineData(TlsVersion.Tls12, "unknown.test", "default")]
    [InlineData(TlsVersion.Tls13, "unknown.test", "default")]
    [InlineData(TlsVersion.Tls13, "127.0.0.1", "default")]
    [InlineData(TlsVersion.Tls13, null, "default")]
    public void The_server_name_chooses_the_certificate(TlsVersion version, string? serverName, string expected)
    {
        using OpenSslContext server = OpenSslContext.CreateServer(
            new TlsServerSettings
            {
                Certificates = [TestCertificates.Default, TestCertificates.Wildcard, TestCertificates.Exact],
                MaximumVersion = version,
            }
        );

        Assert.Equal(expected == "default", IsServed(server, TestCertificates.Default, version, serverName));
        Assert.Equal(expected == "wildcard", IsServed(server, TestCertificates.Wildcard, version, serverName));
        Assert.Equal(expected == "exact", IsServed(server, TestCertificates.Exact, version, serverName));
    }

    [Theory]
    [InlineData(TlsVersion.Tls12)]
    [InlineData(TlsVersion.Tls13)]
    public void A_certificate_chosen_by_name_keeps_the_listeners_settings(TlsVersion version)
    {
        using OpenSslContext server = OpenSslContext.CreateServer(
            new TlsServerSettings
            {
                Certificates = [TestCertificates.Default, TestCertificates.Exact],
                ApplicationProtocols = ["h2", "http/1.1"],
                MaximumVersion = version,
            }
        );
        using OpenSslContext client = SessionPair.ClientContext(version, "www.example.test", "http/1.1", "h2");
        using SessionPair pair = new(client, server);

        pair.Handshake().AssertEchoes();

        Assert.Equal("h2", pair.Server.DescribeSession().ApplicationProtocol);
        Assert.Equal("h2", pair.Client.DescribeSession().ApplicationProtocol);
        Assert.Equal("www.example.test", pair.Server.DescribeSession().ServerName);
        if (version == TlsVersion.Tls12)
        {
            pair.Client.Rehandshake();
            SessionPair.Move(pair.Client, pair.Server);
            pair.Server.Read(new byte[1], out _);
            Assert.False(pair.Server.IsRehandshaking);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Two_kinds_of_key_for_the_same_names_are_served_together(bool asDefault)
    {
        TlsCertificate rsa = TestCertificates.Rsa("both-rsa.pem", 2048, "both.test", "www.both.test");
        TlsCertificate ecdsa = TestCertificates.Ecdsa("both-ecdsa.pem", "www.both.test", "BOTH.test");
        using OpenSslContext server = OpenSslContext.CreateServer(
            new TlsServerSettings
            {
                Certificates = asDefault ? [rsa, ecdsa] : [TestCertificates.RsaDefault, rsa, ecdsa],
                MaximumVersion = TlsVersion.Tls12,
            }
        );
        using OpenSslContext client = Trusting(ecdsa, TlsVersion.Tls12, "both.test");
        using SessionPair pair = new(client, server);

        pair.Handshake().AssertEchoes();

        Assert.StartsWith("TLS_ECDHE_ECDSA", pair.Server.DescribeSession().CipherSuite, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("h2", "h2,http/1.1", "h2,http/1.1")]
    [InlineData("h2", "h2,http/1.1", "http/1.1,h2")]
    [InlineData("http/1.1", "http/1.1,h2", "h2,http/1.1")]
    [InlineData("http/1.1", "http/1.1", "spdy/3,http/1.1")]
    [InlineData("", "h2", "")]
    [InlineData("", "", "h2")]
    public void The_servers_preference_chooses_the_protocol(string expected, string ours, string theirs)
    {
        using OpenSslContext server = OpenSslContext.CreateServer(
            new TlsServerSettings { Certificates = [TestCertificates.Default], ApplicationProtocols = Split(ours) }
        );
        using OpenSslContext client = SessionPair.ClientContext(protocols: Split(theirs));
        using SessionPair pair = new(client, server);

        pair.Handshake();

        Assert.Equal(expected, pair.Server.DescribeSession().ApplicationProtocol);
        Assert.Equal(expected, pair.Client.DescribeSession().ApplicationProtocol);
    }

    [Theory]
    [InlineData(TlsVersion.Tls12)]
    [InlineData(TlsVersion.Tls13)]
    public void No_protocol_in_common_is_a_fatal_alert(TlsVersion version)
    {
        using OpenSslContext server = OpenSslContext.CreateServer(
            new TlsServerSettings
            {
                Certificates = [TestCertificates.Default],
                ApplicationProtocols = ["h2"],
                MaximumVersion = version,
            }
        );
        using OpenSslContext client = SessionPair.ClientContext(version, null, "http/1.1", "h");
        using SessionPair pair = new(client, server);

        pair.HandshakeToFailure();

        Assert.Equal(
            (TlsFailureKind.NoCommonApplicationProtocol, NoApplicationProtocol),
            (pair.Server.Failure.Kind, pair.Server.Failure.Alert)
        );
        Assert.Equal((TlsFailureKind.PeerAlert, NoApplicationProtocol), (pair.Client.Failure.Kind, pair.Client.Failure.Alert));
    }

    [Fact]
    public void The_best_group_of_this_library_is_chosen()
    {
        using SessionPair pair = SessionPair.Open(TlsVersion.Tls13);

        string group = OpenSslLibrary.Tls13Groups[0];
        Assert.Equal(group == "X25519" ? "x25519" : group, pair.Server.DescribeSession().Group, ignoreCase: true);
        Assert.Contains("X25519", OpenSslLibrary.Tls13Groups);
        Assert.Contains("P-256", OpenSslLibrary.Tls13Groups);
        Assert.StartsWith("OpenSSL 3.", OpenSslLibrary.VersionText, StringComparison.Ordinal);
        Assert.Equal(OpenSslLibrary.VersionNumber >= 0x30500000, OpenSslLibrary.Tls13Groups.Contains("X25519MLKEM768"));
    }

    [Theory]
    [InlineData(TlsVersion.Tls12)]
    [InlineData(TlsVersion.Tls13)]
    public void A_client_that_verifies_accepts_the_right_name_and_refuses_another(TlsVersion version)
    {
        using OpenSslContext server = SessionPair.ServerContext(version);
        using OpenSslContext right = Trusting(TestCertificates.Default, version, "default.test");
        using (SessionPair pair = new(right, server))
        {
            pair.Handshake().AssertEchoes();
        }
        using OpenSslContext wrong = Trusting(TestCertificates.Default, version, "www.example.test");
        using (SessionPair pair = new(wrong, server))
        {
            pair.HandshakeToFailure();
            Assert.Equal(TlsFailureKind.CertificateRejected, pair.Client.Failure.Kind);
            Assert.Contains("mismatch", pair.Client.Failure.Detail, StringComparison.OrdinalIgnoreCase);
            Assert.Equal(TlsFailureKind.PeerAlert, pair.Server.Failure.Kind);
        }
    }

    [Fact]
    public void An_rsa_certificate_serves_both_versions()
    {
        foreach (TlsVersion version in new[] { TlsVersion.Tls12, TlsVersion.Tls13 })
        {
            using OpenSslContext server = OpenSslContext.CreateServer(
                new TlsServerSettings { Certificates = [TestCertificates.RsaDefault], MaximumVersion = version }
            );
            using OpenSslContext client = Trusting(TestCertificates.RsaDefault, version, "rsa.test");
            using SessionPair pair = new(client, server);
            pair.Handshake().AssertEchoes();
        }
    }

    /// <summary>A client that trusts only <paramref name="certificate"/> fails at the chain if another one was served, and at the name at most if this one was.</summary>
    private static bool IsServed(OpenSslContext server, TlsCertificate certificate, TlsVersion version, string? serverName)
    {
        using OpenSslContext client = Trusting(certificate, version, serverName);
        using SessionPair pair = new(client, server);
        (TlsStatus status, _) = pair.HandshakeToFailure();
        return status == TlsStatus.Done || pair.Client.Failure.Detail.Contains("mismatch", StringComparison.OrdinalIgnoreCase);
    }

    private static OpenSslContext Trusting(TlsCertificate certificate, TlsVersion version, string? serverName) =>
        OpenSslContext.CreateClient(
            new TlsClientSettings
            {
                MaximumVersion = version,
                ServerName = serverName,
                TrustedAuthoritiesPem = certificate.ChainPem,
            }
        );

    private static string[] Split(string list) => list.Length == 0 ? [] : list.Split(',');
}
