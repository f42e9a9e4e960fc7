using TlsGateway.Tls.ClientCertificates;
using TlsGateway.Tls.OpenSsl;

namespace TlsGateway.Tls.Tests;

/// <summary>Who is let in by a certificate, who is refused and what both sides learn of it.</summary>
public sealed class ClientCertificateTests
{
    private const int HandshakeFailure = 40;
    private const int Unsupported = 43;
    private const int Revoked = 44;
    private const int Expired = 45;
    private const int UnknownAuthority = 48;
    private const int AccessDenied = 49;
    private const int Required = 116;

    private static readonly DateTimeOffset LongAgo = new(2021, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset FarAhead = new(2080, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly ClientAuthority Authority = new("Clients");
    private static readonly TlsCertificate Alice = Authority.Client(
        "CN=alice,OU=ops,O=Example",
        "alice.test",
        "spiffe://example/ns/a/sa/b"
    );

    public static TheoryData<TlsVersion> Versions => [TlsVersion.Tls12, TlsVersion.Tls13];

    [Theory]
    [MemberData(nameof(Versions))]
    public void A_good_certificate_tells_who_the_client_is(TlsVersion version)
    {
        using OpenSslContext server = Server(version, Policy());
        using OpenSslContext client = Client(version, Alice);
        using SessionPair pair = new SessionPair(client, server).Handshake();
        pair.AssertEchoes();
        TlsPeerCertificate peer = pair.Server.PeerCertificate!;
        Assert.Equal(["alice"], peer.CommonNames);
        Assert.Equal(["ops"], peer.OrganizationalUnits);
        Assert.Equal(["alice.test"], peer.DnsNames);
        Assert.Equal(["spiffe://example/ns/a/sa/b"], peer.Uris);
        Assert.Equal("CN=Clients", peer.Issuer);
        Assert.NotEmpty(peer.SerialNumber);
        Assert.False(peer.Der.IsEmpty || peer.IssuerDer.IsEmpty);
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public void Without_one_an_optional_listener_lets_in_and_knows_nobody(TlsVersion version)
    {
        using OpenSslContext server = Server(version, Policy(ClientCertificateMode.Optional));
        using OpenSslContext client = Client(version, null);
        using SessionPair pair = new SessionPair(client, server).Handshake();
        pair.AssertEchoes();
        Assert.Null(pair.Server.PeerCertificate);
    }

    [Theory]
    [InlineData(TlsVersion.Tls12, HandshakeFailure)]
    [InlineData(TlsVersion.Tls13, Required)]
    public void Without_one_a_listener_that_requires_it_refuses(TlsVersion version, int alert) =>
        AssertRefused(version, Policy(), null, TlsFailureKind.CertificateMissing, alert);

    [Theory]
    [MemberData(nameof(Versions))]
    public void One_of_another_authority_is_refused(TlsVersion version) =>
        AssertRefused(
            version,
            Policy(ClientCertificateMode.Optional),
            new ClientAuthority("Others").Client("CN=mallory"),
            TlsFailureKind.CertificateRejected,
            UnknownAuthority,
            "CN=mallory"
        );

    [Theory]
    [MemberData(nameof(Versions))]
    public void One_of_an_authority_of_the_same_name_is_refused(TlsVersion version) =>
        AssertRefused(
            version,
            Policy(),
            new ClientAuthority("Clients").Client("CN=mallory"),
            TlsFailureKind.CertificateRejected,
            alert: null,
            "CN=mallory"
        );

    [Theory]
    [MemberData(nameof(Versions))]
    public void An_expired_one_is_refused(TlsVersion version) =>
        AssertRefused(
            version,
            Policy(),
            Authority.Client("CN=late", notAfter: LongAgo),
            TlsFailureKind.CertificateExpired,
            Expired,
            "CN=late"
        );

    [Theory]
    [MemberData(nameof(Versions))]
    public void One_for_servers_is_refused(TlsVersion version) =>
        AssertRefused(
            version,
            Policy(),
            Authority.Client("CN=server", forServers: true),
            TlsFailureKind.CertificateRejected,
            Unsupported,
            "CN=server"
        );

    [Theory]
    [MemberData(nameof(Versions))]
    public void A_revoked_one_is_refused_and_another_is_not(TlsVersion version)
    {
        TlsCertificate bob = Authority.Client("CN=bob");
        TlsClientAuthentication policy = Policy() with { RevocationListsPem = [Authority.RevocationList(FarAhead, bob)] };
        AssertRefused(version, policy, bob, TlsFailureKind.CertificateRevoked, Revoked, "CN=bob");
        using OpenSslContext server = Server(version, policy);
        using OpenSslContext client = Client(version, Alice);
        using SessionPair pair = new SessionPair(client, server).Handshake();
        pair.AssertEchoes();
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public void With_a_list_that_is_over_nobody_is_let_in(TlsVersion version)
    {
        TlsClientAuthentication policy = Policy() with { RevocationListsPem = [Authority.RevocationList(LongAgo)] };
        AssertRefused(version, policy, Alice, TlsFailureKind.CertificateRejected, alert: null, "CRL has expired");
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public void A_chain_may_be_as_deep_as_the_listener_says(TlsVersion version)
    {
        TlsCertificate deep = new ClientAuthority("Department", Authority).Client("CN=deep");
        using (OpenSslContext server = Server(version, Policy() with { MaximumDepth = 1 }))
        {
            using OpenSslContext client = Client(version, deep);
            using SessionPair pair = new SessionPair(client, server).Handshake();
            pair.AssertEchoes();
        }
        AssertRefused(version, Policy() with { MaximumDepth = 0 }, deep, TlsFailureKind.CertificateRejected, alert: null, "certificate");
    }

    [Theory]
    [InlineData(TlsVersion.Tls12, HandshakeFailure)]
    [InlineData(TlsVersion.Tls13, AccessDenied)]
    public void One_that_is_good_but_not_authorised_is_refused_by_name(TlsVersion version, int alert)
    {
        TlsClientAuthentication policy = Policy() with
        {
            Authorize = peer => peer.CommonNames.Contains("bob") ? null : $"{peer.CommonNames[0]} is not on the list",
        };
        AssertRefused(version, policy, Alice, TlsFailureKind.AccessDenied, alert, "alice is not on the list");
        using OpenSslContext server = Server(version, policy);
        using OpenSslContext client = Client(version, Authority.Client("CN=bob"));
        using SessionPair pair = new SessionPair(client, server).Handshake();
        pair.AssertEchoes();
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public void One_with_a_small_key_is_refused(TlsVersion version)
    {
        using OpenSslContext server = Server(version, Policy(), minimumRsaKeyBits: 4096);
        using OpenSslContext client = Client(version, Authority.Client("CN=weak", rsaBits: 2048));
        using SessionPair pair = new(client, server);
        (_, TlsStatus status) = pair.HandshakeToFailure();
        Assert.Equal(TlsStatus.Error, status);
        Assert.Equal(TlsFailureKind.CertificateRejected, pair.Server.Failure.Kind);
        Assert.Contains("CN=weak is too small", pair.Server.Failure.Detail, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public void A_resumed_session_still_knows_the_client(TlsVersion version)
    {
        using OpenSslContext server = Server(version, Policy());
        using OpenSslContext client = Client(version, Alice);
        for (int i = 0; i < 2; i++)
        {
            using SessionPair pair = new SessionPair(client, server).Handshake();
            pair.AssertEchoes();
            Assert.Equal(i > 0, pair.Server.IsResumed);
            Assert.Equal(["alice"], pair.Server.PeerCertificate!.CommonNames);
        }
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public void A_session_is_not_resumed_where_the_policy_changed(TlsVersion version)
    {
        using OpenSslContext before = Server(version, Policy());
        using OpenSslContext client = Client(version, Alice);
        using (SessionPair pair = new SessionPair(client, before).Handshake())
        {
            pair.AssertEchoes();
        }
        // The next generation has the same ticket keys, and a CRL with the client in it.
        using OpenSslContext after = Server(
            version,
            Policy() with
            {
                RevocationListsPem = [Authority.RevocationList(FarAhead, Alice)],
            },
            previous: before
        );
        using SessionPair refused = new(client, after);
        (_, TlsStatus status) = refused.HandshakeToFailure();
        Assert.Equal(TlsStatus.Error, status);
        Assert.Equal(TlsFailureKind.CertificateRevoked, refused.Server.Failure.Kind);
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public void A_session_made_without_a_certificate_does_not_open_a_listener_that_requires_one(TlsVersion version)
    {
        using OpenSslContext open = Server(version, null);
        using OpenSslContext client = Client(version, null);
        using (SessionPair pair = new SessionPair(client, open).Handshake())
        {
            pair.AssertEchoes();
        }
        using OpenSslContext closed = Server(version, Policy(), previous: open);
        using SessionPair refused = new(client, closed);
        (_, TlsStatus status) = refused.HandshakeToFailure();
        Assert.Equal(TlsStatus.Error, status);
        Assert.Equal(TlsFailureKind.CertificateMissing, refused.Server.Failure.Kind);
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public void Whoever_is_no_longer_authorised_does_not_come_back_with_a_ticket(TlsVersion version)
    {
        bool isAllowed = true;
        using OpenSslContext server = Server(version, Policy() with { Authorize = _ => isAllowed ? null : "gone" });
        using OpenSslContext client = Client(version, Alice);
        using (SessionPair pair = new SessionPair(client, server).Handshake())
        {
            pair.AssertEchoes();
        }
        isAllowed = false;
        using SessionPair refused = new(client, server);
        (_, TlsStatus status) = refused.HandshakeToFailure();
        Assert.Equal(TlsStatus.Error, status);
        Assert.Equal((TlsFailureKind.AccessDenied, "gone"), (refused.Server.Failure.Kind, refused.Server.Failure.Detail));
    }

    [Fact]
    public void What_is_no_list_of_revoked_certificates_is_said()
    {
        TlsConfigurationException refused = Assert.Throws<TlsConfigurationException>(() =>
            Server(TlsVersion.Tls13, Policy() with { RevocationListsPem = ["nothing"] })
        );
        Assert.Contains("holds no CRL", refused.Message, StringComparison.Ordinal);
    }

    private static void AssertRefused(
        TlsVersion version,
        TlsClientAuthentication policy,
        TlsCertificate? certificate,
        TlsFailureKind kind,
        int? alert,
        string detail = ""
    )
    {
        using OpenSslContext server = Server(version, policy);
        using OpenSslContext client = Client(version, certificate);
        using SessionPair pair = new(client, server);
        (_, TlsStatus status) = pair.HandshakeToFailure();
        // On TLS 1.3 the client's handshake is over before the server has looked at its certificate.
        _ = SessionPair.ReadAll(pair.Client, out _);
        Assert.Equal(TlsStatus.Error, status);
        Assert.Equal(kind, pair.Server.Failure.Kind);
        Assert.Contains(detail, pair.Server.Failure.Detail, StringComparison.Ordinal);
        Assert.Equal(TlsFailureKind.PeerAlert, pair.Client.Failure.Kind);
        Assert.Equal(pair.Server.Failure.Alert, pair.Client.Failure.Alert);
        if (alert is not null)
        {
            Assert.Equal(alert, pair.Client.Failure.Alert);
        }
        Assert.Null(pair.Server.PeerCertificate);
    }

    private static TlsClientAuthentication Policy(ClientCertificateMode mode = ClientCertificateMode.Required) =>
        new() { Mode = mode, TrustedAuthoritiesPem = Authority.Pem };

    private static OpenSslContext Server(
        TlsVersion version,
        TlsClientAuthentication? policy,
        OpenSslContext? previous = null,
        int minimumRsaKeyBits = 2048
    ) =>
        OpenSslContext.CreateServer(
            new TlsServerSettings
            {
                Certificates = [TestCertificates.Default],
                MinimumVersion = version,
                MaximumVersion = version,
                ClientAuthentication = policy,
                Policy = Policies.TlsPolicies.Intermediate with { MinimumRsaKeyBits = minimumRsaKeyBits },
            },
            previous
        );

    private static OpenSslContext Client(TlsVersion version, TlsCertificate? certificate) =>
        OpenSslContext.CreateClient(
            new TlsClientSettings
            {
                MinimumVersion = version,
                MaximumVersion = version,
                Certificate = certificate,
            }
        );
}
