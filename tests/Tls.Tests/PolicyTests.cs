using TlsGateway.Tls.OpenSsl;
using TlsGateway.Tls.Policies;

namespace TlsGateway.Tls.Tests;

public sealed class PolicyTests
{
    private static readonly TlsPolicy Any = TlsPolicies.Intermediate with
    {
        Name = "any",
        CipherSuites = TlsParameterNames.CipherSuites,
        Groups = TlsParameterNames.Groups,
        SignatureAlgorithms = TlsParameterNames.SignatureAlgorithms,
    };

    public static TheoryData<string> Suites => [.. TlsParameterNames.CipherSuites];

    public static TheoryData<string> Groups => [.. TlsParameterNames.Groups];

    [Theory]
    [MemberData(nameof(Suites))]
    public void Each_suite_is_negotiated_under_its_name(string suite)
    {
        TlsVersion version = TlsParameterNames.IsTls13Suite(suite) ? TlsVersion.Tls13 : TlsVersion.Tls12;
        bool rsa = suite.Contains("_RSA_", StringComparison.Ordinal);
        using OpenSslContext server = Server(
            Any with
            {
                CipherSuites = [suite],
            },
            version,
            rsa ? TestCertificates.RsaDefault : TestCertificates.Default
        );
        using OpenSslContext client = Client(Any, version);
        using SessionPair pair = new SessionPair(client, server).Handshake();
        Assert.Equal(suite, pair.Server.DescribeSession().CipherSuite);
        pair.AssertEchoes();
    }

    [Theory]
    [MemberData(nameof(Groups))]
    public void Each_group_that_the_library_has_is_negotiated(string group)
    {
        using OpenSslContext client = Client(Any, TlsVersion.Tls13);
        if (group.Contains("MLKEM", StringComparison.Ordinal) && OpenSslLibrary.VersionNumber < 0x30500000)
        {
            // Nothing of the policy is left.
            Assert.Contains(
                group,
                Assert.Throws<TlsConfigurationException>(() => Server(Any with { Groups = [group] }, TlsVersion.Tls13)).Message,
                StringComparison.Ordinal
            );
            return;
        }
        using OpenSslContext server = Server(Any with { Groups = [group] }, TlsVersion.Tls13);
        using SessionPair pair = new SessionPair(client, server).Handshake();
        Assert.Equal(group.Replace("-", "", StringComparison.Ordinal), pair.Server.DescribeSession().Group, ignoreCase: true);
    }

    [Fact]
    public void The_servers_order_decides()
    {
        TlsPolicy mirrored = Any with { CipherSuites = [.. TlsPolicies.Intermediate.CipherSuites.Reverse()] };
        using OpenSslContext client = Client(Without(mirrored, "CHACHA20"), TlsVersion.Tls13);
        using OpenSslContext server = Server(TlsPolicies.Intermediate, TlsVersion.Tls13);
        using SessionPair pair = new SessionPair(client, server).Handshake();
        Assert.Equal("TLS_AES_128_GCM_SHA256", pair.Server.DescribeSession().CipherSuite);
    }

    [Fact]
    public void The_clients_order_decides_where_the_policy_says_so()
    {
        TlsPolicy mirrored = Any with { CipherSuites = [.. TlsPolicies.Intermediate.CipherSuites.Reverse()] };
        using OpenSslContext client = Client(Without(mirrored, "CHACHA20"), TlsVersion.Tls13);
        using OpenSslContext server = Server(TlsPolicies.Intermediate with { PreferServer = false }, TlsVersion.Tls13);
        using SessionPair pair = new SessionPair(client, server).Handshake();
        Assert.Equal("TLS_AES_256_GCM_SHA384", pair.Server.DescribeSession().CipherSuite);
    }

    [Fact]
    public void A_client_that_puts_chacha_first_is_heard()
    {
        TlsPolicy telephone = Any with { CipherSuites = [.. TlsPolicies.Modern.CipherSuites.Reverse()] };
        using OpenSslContext client = Client(telephone, TlsVersion.Tls13);
        using OpenSslContext server = Server(TlsPolicies.Intermediate, TlsVersion.Tls13);
        using SessionPair pair = new SessionPair(client, server).Handshake();
        Assert.Equal("TLS_CHACHA20_POLY1305_SHA256", pair.Server.DescribeSession().CipherSuite);
    }

    [Fact]
    public void A_signature_algorithm_that_is_not_in_the_policy_is_not_used()
    {
        using OpenSslContext client = Client(Any with { SignatureAlgorithms = ["rsa_pss_rsae_sha512"] }, TlsVersion.Tls13);
        using OpenSslContext server = Server(
            TlsPolicies.Intermediate with
            {
                SignatureAlgorithms = ["rsa_pss_rsae_sha256"],
            },
            TlsVersion.Tls13,
            TestCertificates.RsaDefault
        );
        using SessionPair pair = new(client, server);
        (_, TlsStatus status) = pair.HandshakeToFailure();
        Assert.Equal(TlsStatus.Error, status);
    }

    [Fact]
    public void A_policy_without_a_suite_of_a_version_that_is_spoken_is_refused()
    {
        TlsConfigurationException refused = Assert.Throws<TlsConfigurationException>(() => Server(TlsPolicies.Modern, TlsVersion.Tls12));
        Assert.Contains("modern has no cipher suite of TLS 1.2", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_unknown_name_is_refused()
    {
        Assert.Throws<TlsConfigurationException>(() => Server(Any with { CipherSuites = ["TLS_RSA_WITH_RC4_128_SHA"] }, TlsVersion.Tls12));
        Assert.Throws<TlsConfigurationException>(() => Server(Any with { Groups = ["secp192r1"] }, TlsVersion.Tls13));
        Assert.Throws<TlsConfigurationException>(() => Server(Any with { SignatureAlgorithms = ["rsa_pkcs1_md5"] }, TlsVersion.Tls13));
    }

    [Fact]
    public void A_key_below_the_least_of_the_policy_is_refused()
    {
        TlsConfigurationException refused = Assert.Throws<TlsConfigurationException>(() =>
            Server(Any with { MinimumRsaKeyBits = 3072 }, TlsVersion.Tls13, TestCertificates.RsaDefault)
        );
        Assert.Contains("rsa.pem", refused.Message, StringComparison.Ordinal);
        Assert.Contains("too small: 2048 bits, 3072", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Each_policy_holds_only_names_that_are_known()
    {
        foreach (TlsPolicy policy in TlsPolicies.All)
        {
            Assert.Subset(TlsParameterNames.CipherSuites.ToHashSet(), policy.CipherSuites.ToHashSet());
            Assert.Subset(TlsParameterNames.Groups.ToHashSet(), policy.Groups.ToHashSet());
            Assert.Subset(TlsParameterNames.SignatureAlgorithms.ToHashSet(), policy.SignatureAlgorithms.ToHashSet());
        }
    }

    private static TlsPolicy Without(TlsPolicy policy, string part) =>
        policy with
        {
            CipherSuites = [.. policy.CipherSuites.Where(s => !s.Contains(part, StringComparison.Ordinal))],
        };

    private static OpenSslContext Server(TlsPolicy policy, TlsVersion version, TlsCertificate? certificate = null) =>
        OpenSslContext.CreateServer(
            new TlsServerSettings
            {
                Certificates = [certificate ?? TestCertificates.Default],
                Policy = policy,
                MinimumVersion = version,
                MaximumVersion = version,
            }
        );

    private static OpenSslContext Client(TlsPolicy policy, TlsVersion version) =>
        OpenSslContext.CreateClient(
            new TlsClientSettings
            {
                Policy = policy,
                MinimumVersion = version,
                MaximumVersion = version,
            }
        );
}
