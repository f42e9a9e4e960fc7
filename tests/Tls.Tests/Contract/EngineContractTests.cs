using TlsGateway.Tls.BouncyCastle;
using TlsGateway.Tls.Policies;

namespace TlsGateway.Tls.Tests.Contract;

/// <summary>What every engine does, each as client and as server against each.</summary>
public sealed class EngineContractTests
{
    public static TheoryData<TlsEngine, TlsEngine, TlsVersion> Pairings
    {
        get
        {
            TheoryData<TlsEngine, TlsEngine, TlsVersion> all = [];
            foreach (TlsEngine client in Enum.GetValues<TlsEngine>())
            {
                foreach (TlsEngine server in Enum.GetValues<TlsEngine>())
                {
                    all.Add(client, server, TlsVersion.Tls12);
                    all.Add(client, server, TlsVersion.Tls13);
                }
            }
            return all;
        }
    }

    [Theory]
    [MemberData(nameof(Pairings))]
    public void A_handshake_agrees_on_both_sides(TlsEngine client, TlsEngine server, TlsVersion version)
    {
        using EnginePair pair = EnginePair.Of(client, server, version).Handshake();

        TlsSessionInfo seen = pair.Server.DescribeSession();
        TlsSessionInfo shown = pair.Client.DescribeSession();
        Assert.Equal(version == TlsVersion.Tls13, pair.Server.IsTls13);
        Assert.Equal("http/1.1", seen.ApplicationProtocol);
        Assert.Equal(seen.CipherSuite, shown.CipherSuite);
        Assert.Equal(seen.Version, shown.Version);
        Assert.Equal(shown.ApplicationProtocol, seen.ApplicationProtocol);
        Assert.NotEqual("", seen.CipherSuite);
    }

    [Theory]
    [MemberData(nameof(Pairings))]
    public void A_megabyte_arrives_both_ways(TlsEngine client, TlsEngine server, TlsVersion version)
    {
        using EnginePair pair = EnginePair.Of(client, server, version).Handshake();
        byte[] data = new byte[1 << 20];
        new Random(7).NextBytes(data);

        Assert.Equal(data, SessionPair.Send(pair.Client, pair.Server, data));
        Assert.Equal(data, SessionPair.Send(pair.Server, pair.Client, data));
    }

    [Theory]
    [MemberData(nameof(Pairings))]
    public void Single_bytes_make_a_handshake_too(TlsEngine client, TlsEngine server, TlsVersion version)
    {
        using EnginePair pair = EnginePair.Of(client, server, version).Handshake(step: 1);

        Assert.Equal("ping"u8.ToArray(), SessionPair.Send(pair.Client, pair.Server, "ping"u8));
    }

    [Theory]
    [MemberData(nameof(Pairings))]
    public void After_close_notify_the_other_direction_goes_on(TlsEngine client, TlsEngine server, TlsVersion version)
    {
        using EnginePair pair = EnginePair.Of(client, server, version).Handshake();

        Assert.Equal(TlsStatus.Done, pair.Client.Shutdown());
        SessionPair.Move(pair.Client, pair.Server);
        _ = SessionPair.ReadAll(pair.Server, out TlsStatus closed);

        Assert.Equal(TlsStatus.Closed, closed);
        Assert.Equal("late"u8.ToArray(), SessionPair.Send(pair.Server, pair.Client, "late"u8));
    }

    [Theory]
    [MemberData(nameof(Pairings))]
    public void An_end_without_close_notify_is_a_truncation(TlsEngine client, TlsEngine server, TlsVersion version)
    {
        using EnginePair pair = EnginePair.Of(client, server, version).Handshake();

        pair.Server.RxEof();
        _ = SessionPair.ReadAll(pair.Server, out TlsStatus status);

        Assert.Equal(TlsStatus.Error, status);
        Assert.Equal(TlsFailureKind.Truncated, pair.Server.Failure.Kind);
    }

    [Theory]
    [MemberData(nameof(Pairings))]
    public void Keys_are_renewed_on_both_sides_where_the_version_can(TlsEngine client, TlsEngine server, TlsVersion version)
    {
        using EnginePair pair = EnginePair.Of(client, server, version).Handshake();

        TlsStatus asked = pair.Server.KeyUpdate(askPeer: true);
        Assert.Equal(version == TlsVersion.Tls13 ? TlsStatus.Done : TlsStatus.Error, asked);
        Assert.Equal("one"u8.ToArray(), SessionPair.Send(pair.Server, pair.Client, "one"u8));
        Assert.Equal("two"u8.ToArray(), SessionPair.Send(pair.Client, pair.Server, "two"u8));

        Assert.Equal(version == TlsVersion.Tls13 ? 1 : 0, pair.Server.Counters.RxKeyUpdates);
    }

    [Theory]
    [MemberData(nameof(Pairings))]
    public void A_writer_whose_peer_does_not_read_is_held_back(TlsEngine client, TlsEngine server, TlsVersion version)
    {
        using EnginePair pair = EnginePair.Of(client, server, version).Handshake();
        byte[] data = new byte[1 << 20];

        Assert.Equal(TlsStatus.WantWrite, pair.Server.Write(data, out int written));

        Assert.InRange(written, 1, BouncyCastleContext.ChunkBytes);
        Assert.InRange(pair.Server.TxPending.Length, written, BouncyCastleContext.ChunkBytes);
    }

    [Theory]
    [InlineData(TlsEngine.OpenSsl)]
    [InlineData(TlsEngine.BouncyCastle)]
    public void A_flood_of_key_updates_ends_at_the_limit(TlsEngine server)
    {
        TlsLimits limits = new() { MaxKeyUpdates = 4 };
        using EnginePair pair = EnginePair.Of(TlsEngine.BouncyCastle, server, TlsVersion.Tls13, limits).Handshake();

        TlsStatus status = TlsStatus.WantRead;
        for (int i = 0; i < 8 && status != TlsStatus.Error; i++)
        {
            Assert.Equal(TlsStatus.Done, pair.Client.KeyUpdate(askPeer: false));
            SessionPair.Move(pair.Client, pair.Server);
            _ = SessionPair.ReadAll(pair.Server, out status);
        }

        Assert.Equal(TlsFailureKind.LimitExceeded, pair.Server.Failure.Kind);
        Assert.Equal(nameof(TlsLimits.MaxKeyUpdates), pair.Server.Failure.Detail);
    }

    [Theory]
    [InlineData(TlsEngine.OpenSsl)]
    [InlineData(TlsEngine.BouncyCastle)]
    public void Plaintext_and_garbage_are_refused(TlsEngine server)
    {
        foreach (byte[] bytes in (byte[][])["GET / HTTP/1.1\r\n\r\n"u8.ToArray(), [22, 3, 1, 0, 4, 9, 9, 9, 9], [22, 3, 1, 255, 255, 1]])
        {
            using EnginePair pair = EnginePair.Of(TlsEngine.OpenSsl, server, TlsVersion.Tls13);
            bytes.CopyTo(pair.Server.RxFree);
            pair.Server.RxCommit(bytes.Length);

            Assert.Equal(TlsStatus.Error, pair.Server.Handshake());
            Assert.NotEqual(TlsFailureKind.Internal, pair.Server.Failure.Kind);
        }
    }

    [Theory]
    [InlineData(TlsEngine.OpenSsl)]
    [InlineData(TlsEngine.BouncyCastle)]
    public void A_handshake_that_is_too_long_ends_at_the_limit(TlsEngine server)
    {
        TlsLimits limits = new() { MaxHandshakeBytes = 100 };
        using EnginePair pair = EnginePair.Of(TlsEngine.OpenSsl, server, TlsVersion.Tls13, limits);

        _ = pair.Drive();

        Assert.Equal(TlsFailureKind.LimitExceeded, pair.Server.Failure.Kind);
        Assert.Equal(nameof(TlsLimits.MaxHandshakeBytes), pair.Server.Failure.Detail);
    }

    [Theory]
    [MemberData(nameof(Pairings))]
    public void A_name_without_a_certificate_is_refused_where_unknown_names_are(TlsEngine client, TlsEngine server, TlsVersion version)
    {
        TlsServerSettings settings = EnginePair.ServerSettings(version) with { RejectUnknownServerNames = true };
        using EnginePair known = new(client, new TlsClientSettings { ServerName = "www.example.test" }, server, settings);
        using EnginePair unknown = new(client, new TlsClientSettings { ServerName = "other.test" }, server, settings);

        known.Handshake();
        _ = unknown.Drive();

        Assert.Equal("www.example.test", known.Server.DescribeSession().ServerName);
        Assert.Equal(TlsFailureKind.UnknownServerName, unknown.Server.Failure.Kind);
        Assert.Equal(TlsFailureKind.PeerAlert, unknown.Client.Failure.Kind);
        Assert.Equal(112, unknown.Client.Failure.Alert);
    }

    [Theory]
    [MemberData(nameof(Pairings))]
    public void No_application_protocol_in_common_is_told_apart(TlsEngine client, TlsEngine server, TlsVersion version)
    {
        TlsClientSettings other = new() { ApplicationProtocols = ["mqtt"] };
        using EnginePair pair = new(client, other, server, EnginePair.ServerSettings(version));

        _ = pair.Drive();

        Assert.Equal(TlsFailureKind.NoCommonApplicationProtocol, pair.Server.Failure.Kind);
        Assert.Equal(120, pair.Client.Failure.Alert);
    }

    [Theory]
    [MemberData(nameof(Pairings))]
    public void The_server_must_chain_to_an_authority_and_have_the_name(TlsEngine client, TlsEngine server, TlsVersion version)
    {
        TlsServerSettings settings = EnginePair.ServerSettings(version);
        TlsClientSettings trusting = new() { TrustedAuthoritiesPem = TestCertificates.Exact.ChainPem, ServerName = "www.example.test" };
        TlsClientSettings other = trusting with { TrustedAuthoritiesPem = TestCertificates.Wildcard.ChainPem };
        using EnginePair good = new(client, trusting, server, settings);
        using EnginePair bad = new(client, other, server, settings);

        good.Handshake();
        _ = bad.Drive();

        Assert.Equal(TlsFailureKind.CertificateRejected, bad.Client.Failure.Kind);
        Assert.Equal(TlsFailureKind.PeerAlert, bad.Server.Failure.Kind);
    }

    [Theory]
    [MemberData(nameof(Pairings))]
    public void An_RSA_key_serves_clients_too(TlsEngine client, TlsEngine server, TlsVersion version)
    {
        TlsServerSettings settings = EnginePair.ServerSettings(version) with { Certificates = [TestCertificates.RsaDefault] };
        using EnginePair pair = new(client, new TlsClientSettings(), server, settings);

        pair.Handshake();

        Assert.Equal("ping"u8.ToArray(), SessionPair.Send(pair.Client, pair.Server, "ping"u8));
    }

    [Theory]
    [MemberData(nameof(Pairings))]
    public void The_group_is_one_that_both_sides_have(TlsEngine client, TlsEngine server, TlsVersion version)
    {
        using EnginePair pair = Grouped(client, ["secp521r1", "secp384r1", "secp256r1"], server, ["secp256r1", "secp384r1"], version);

        pair.Handshake();

        Assert.Contains(pair.Server.DescribeSession().Group, (string[])["secp256r1", "secp384r1"]);
    }

    [Theory]
    [MemberData(nameof(Pairings))]
    public void Without_a_common_group_there_is_no_handshake(TlsEngine client, TlsEngine server, TlsVersion version)
    {
        using EnginePair pair = Grouped(client, ["secp521r1"], server, ["x25519", "secp256r1"], version);

        _ = pair.Drive();

        Assert.Equal((TlsFailureKind.NoCommonGroup, 40), (pair.Server.Failure.Kind, pair.Server.Failure.Alert));
        Assert.Equal((TlsFailureKind.PeerAlert, 40), (pair.Client.Failure.Kind, pair.Client.Failure.Alert));
    }

    [Theory]
    [MemberData(nameof(Pairings))]
    public void A_client_that_puts_ChaCha20_first_is_heard(TlsEngine client, TlsEngine server, TlsVersion version)
    {
        TlsPolicy all = TlsPolicies.Intermediate;
        TlsPolicy phone = all with
        {
            CipherSuites = [.. all.CipherSuites.OrderBy(static s => s.Contains("CHACHA20", StringComparison.Ordinal) ? 0 : 1)],
        };
        TlsServerSettings settings = EnginePair.ServerSettings(version);
        using EnginePair heard = new(client, new TlsClientSettings { Policy = phone }, server, settings);
        using EnginePair other = new(client, new TlsClientSettings { Policy = all }, server, settings);

        Assert.Contains("CHACHA20", heard.Handshake().Server.DescribeSession().CipherSuite, StringComparison.Ordinal);
        Assert.Contains("AES_128_GCM", other.Handshake().Server.DescribeSession().CipherSuite, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(TlsEngine.OpenSsl)]
    [InlineData(TlsEngine.BouncyCastle)]
    public void A_key_below_the_policy_s_size_is_not_served(TlsEngine server)
    {
        TlsServerSettings settings = EnginePair.ServerSettings(TlsVersion.Tls13) with
        {
            Policy = TlsPolicies.Intermediate with { MinimumEcKeyBits = 384 },
        };

        Assert.Contains(
            "256 bits, 384 are the least",
            Assert.Throws<TlsConfigurationException>(() => TlsEngines.CreateServer(server, settings)).Message,
            StringComparison.Ordinal
        );
    }

    private static EnginePair Grouped(TlsEngine client, string[] clients, TlsEngine server, string[] servers, TlsVersion version)
    {
        TlsPolicy policy = TlsPolicies.Intermediate;
        return new EnginePair(
            client,
            new TlsClientSettings { Policy = policy with { Groups = clients } },
            server,
            EnginePair.ServerSettings(version) with
            {
                Policy = policy with { Groups = servers },
            }
        );
    }
}
