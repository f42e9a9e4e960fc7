using TlsGateway.Tls.ClientCertificates;

namespace TlsGateway.Tls.Tests.Contract;

/// <summary>Clients' certificates with either engine on either side: who is let in, who is refused, and what both learn of it.</summary>
public sealed class ClientCertificateContractTests
{
    private static readonly DateTimeOffset LongAgo = new(2021, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset FarAhead = new(2080, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly ClientAuthority Authority = new("Clients");
    private static readonly TlsCertificate Alice = Authority.Client("CN=alice,OU=ops", "alice.test", "spiffe://example/ns/a/sa/b");

    [Theory]
    [MemberData(nameof(EngineContractTests.Pairings), MemberType = typeof(EngineContractTests))]
    public void A_good_one_tells_who_the_client_is(TlsEngine client, TlsEngine server, TlsVersion version)
    {
        using EnginePair pair = Pair(client, server, version, Policy(), Alice).Handshake();
        TlsPeerCertificate peer = pair.Server.PeerCertificate!;
        Assert.Equal(["alice"], peer.CommonNames);
        Assert.Equal(["ops"], peer.OrganizationalUnits);
        Assert.Equal(["alice.test"], peer.DnsNames);
        Assert.Equal(["spiffe://example/ns/a/sa/b"], peer.Uris);
        Assert.False(peer.IssuerDer.IsEmpty);
    }

    [Theory]
    [MemberData(nameof(EngineContractTests.Pairings), MemberType = typeof(EngineContractTests))]
    public void Without_one_an_optional_listener_lets_in_and_knows_nobody(TlsEngine client, TlsEngine server, TlsVersion version)
    {
        using EnginePair pair = Pair(client, server, version, Policy() with { Mode = ClientCertificateMode.Optional }, null).Handshake();
        Assert.Null(pair.Server.PeerCertificate);
    }

    [Theory]
    [MemberData(nameof(EngineContractTests.Pairings), MemberType = typeof(EngineContractTests))]
    public void Whoever_may_not_come_in_is_refused_with_the_reason(TlsEngine client, TlsEngine server, TlsVersion version)
    {
        TlsCertificate bob = Authority.Client("CN=bob");
        TlsCertificate deep = new ClientAuthority("Department", Authority).Client("CN=deep");
        TlsClientAuthentication policy = Policy();
        (TlsClientAuthentication Policy, TlsCertificate? Certificate, TlsFailureKind Kind, int Alert13, string Detail)[] cases =
        [
            (policy, null, TlsFailureKind.CertificateMissing, 116, ""),
            (policy, new ClientAuthority("Others").Client("CN=mallory"), TlsFailureKind.CertificateRejected, 48, "CN=mallory"),
            (policy, Authority.Client("CN=late", notAfter: LongAgo), TlsFailureKind.CertificateExpired, 45, "CN=late"),
            (policy, Authority.Client("CN=server", forServers: true), TlsFailureKind.CertificateRejected, 43, "CN=server"),
            (
                policy with
                {
                    RevocationListsPem = [Authority.RevocationList(FarAhead, bob)],
                },
                bob,
                TlsFailureKind.CertificateRevoked,
                44,
                "CN=bob"
            ),
            (
                policy with
                {
                    RevocationListsPem = [Authority.RevocationList(LongAgo)],
                },
                Alice,
                TlsFailureKind.CertificateRejected,
                -1,
                "CRL has expired"
            ),
            (policy with { MaximumDepth = 0 }, deep, TlsFailureKind.CertificateRejected, -1, "certificate"),
            (policy with { Authorize = _ => "not on the list" }, Alice, TlsFailureKind.AccessDenied, 49, "not on the list"),
        ];
        foreach ((TlsClientAuthentication asked, TlsCertificate? certificate, TlsFailureKind kind, int alert13, string detail) in cases)
        {
            using EnginePair pair = Pair(client, server, version, asked, certificate);
            (_, TlsStatus status) = pair.Drive();
            Assert.True(status == TlsStatus.Error, $"{kind}: {status}");
            Assert.Equal(kind, pair.Server.Failure.Kind);
            Assert.Contains(detail, pair.Server.Failure.Detail, StringComparison.Ordinal);
            Assert.Null(pair.Server.PeerCertificate);
            // On TLS 1.3 the client's handshake was over before the server looked at its certificate.
            SessionPair.Move(pair.Server, pair.Client);
            _ = pair.Client.Read(new byte[1], out _);
            Assert.Equal(TlsFailureKind.PeerAlert, pair.Client.Failure.Kind);
            Assert.Equal(pair.Server.Failure.Alert, pair.Client.Failure.Alert);
            if (version == TlsVersion.Tls13 && alert13 >= 0)
            {
                Assert.Equal((kind, alert13), (kind, pair.Client.Failure.Alert));
            }
        }
    }

    [Theory]
    [MemberData(nameof(EngineContractTests.Pairings), MemberType = typeof(EngineContractTests))]
    public void A_current_list_and_a_depth_that_suffices_let_in(TlsEngine client, TlsEngine server, TlsVersion version)
    {
        TlsClientAuthentication policy = Policy() with
        {
            RevocationListsPem = [Authority.RevocationList(FarAhead, Authority.Client("CN=x"))],
        };
        using (Pair(client, server, version, policy, Alice).Handshake()) { }
        TlsCertificate deep = new ClientAuthority("Department", Authority).Client("CN=deep");
        using (Pair(client, server, version, Policy() with { MaximumDepth = 1 }, deep).Handshake()) { }
    }

    [Theory]
    [MemberData(nameof(EngineContractTests.Pairings), MemberType = typeof(EngineContractTests))]
    public void A_small_key_is_refused(TlsEngine client, TlsEngine server, TlsVersion version)
    {
        using EnginePair pair = new(
            client,
            ClientSettings(Authority.Client("CN=weak", rsaBits: 2048)),
            server,
            ServerSettings(version, Policy()) with
            {
                Policy = Policies.TlsPolicies.Intermediate with { MinimumRsaKeyBits = 4096 },
            }
        );
        (_, TlsStatus status) = pair.Drive();
        Assert.Equal((TlsStatus.Error, TlsFailureKind.CertificateRejected), (status, pair.Server.Failure.Kind));
        Assert.Contains("CN=weak is too small", pair.Server.Failure.Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(TlsEngine.OpenSsl)]
    [InlineData(TlsEngine.BouncyCastle)]
    public void What_is_no_list_and_no_authority_is_said(TlsEngine server)
    {
        Assert.Contains(
            "holds no CRL",
            Assert
                .Throws<TlsConfigurationException>(() =>
                    TlsEngines.CreateServer(server, ServerSettings(TlsVersion.Tls13, Policy() with { RevocationListsPem = ["nothing"] }))
                )
                .Message,
            StringComparison.Ordinal
        );
        Assert.Throws<TlsConfigurationException>(() =>
            TlsEngines.CreateServer(server, ServerSettings(TlsVersion.Tls13, Policy() with { TrustedAuthoritiesPem = "nothing" }))
        );
    }

    private static EnginePair Pair(
        TlsEngine client,
        TlsEngine server,
        TlsVersion version,
        TlsClientAuthentication policy,
        TlsCertificate? certificate
    ) => new(client, ClientSettings(certificate), server, ServerSettings(version, policy));

    private static TlsClientSettings ClientSettings(TlsCertificate? certificate) => new() { Certificate = certificate };

    private static TlsServerSettings ServerSettings(TlsVersion version, TlsClientAuthentication policy) =>
        new()
        {
            Certificates = [TestCertificates.Default],
            MinimumVersion = version,
            MaximumVersion = version,
            ClientAuthentication = policy,
        };

    private static TlsClientAuthentication Policy() =>
        new() { Mode = ClientCertificateMode.Required, TrustedAuthoritiesPem = Authority.Pem };
}
