using Microsoft.Extensions.Time.Testing;
using TlsGateway.Tls.BouncyCastle;
using TlsGateway.Tls.ClientCertificates;
using TlsGateway.Tls.Tickets;

namespace TlsGateway.Tls.Tests.Contract;

/// <summary>Sessions resumed with either engine on either side, by ticket and by session ID; and what they are bound to.</summary>
public sealed class ResumptionContractTests
{
    private static readonly ClientAuthority Authority = new("Clients");
    private static readonly TlsCertificate Alice = Authority.Client("CN=alice", "alice.test");

    /// <summary>BouncyCastle as a client does not take tickets of TLS 1.3.</summary>
    public static TheoryData<TlsEngine, TlsEngine, TlsVersion> Pairings
    {
        get
        {
            TheoryData<TlsEngine, TlsEngine, TlsVersion> all = [];
            foreach (TlsEngine server in Enum.GetValues<TlsEngine>())
            {
                all.Add(TlsEngine.OpenSsl, server, TlsVersion.Tls12);
                all.Add(TlsEngine.OpenSsl, server, TlsVersion.Tls13);
                all.Add(TlsEngine.BouncyCastle, server, TlsVersion.Tls12);
            }
            return all;
        }
    }

    public static TheoryData<TlsEngine, TlsVersion> Servers =>
        new()
        {
            { TlsEngine.OpenSsl, TlsVersion.Tls12 },
            { TlsEngine.OpenSsl, TlsVersion.Tls13 },
            { TlsEngine.BouncyCastle, TlsVersion.Tls12 },
            { TlsEngine.BouncyCastle, TlsVersion.Tls13 },
        };

    [Theory]
    [MemberData(nameof(Pairings))]
    public void A_second_and_a_third_connection_resume(TlsEngine client, TlsEngine server, TlsVersion version)
    {
        using ITlsContext clients = Clients(client);
        using ITlsContext servers = TlsEngines.CreateServer(server, EnginePair.ServerSettings(version));

        Assert.False(Connect(clients, servers));
        Assert.True(Connect(clients, servers));
        Assert.True(Connect(clients, servers));
    }

    [Theory]
    [MemberData(nameof(Pairings))]
    public void A_resumed_session_is_described_as_the_first_was(TlsEngine client, TlsEngine server, TlsVersion version)
    {
        using ITlsContext clients = Clients(client);
        using ITlsContext servers = TlsEngines.CreateServer(server, EnginePair.ServerSettings(version));
        using EnginePair first = new(clients, servers);
        Echo(first);
        using EnginePair second = new(clients, servers);
        Echo(second);

        // No certificate is shown again; OpenSSL knows which one it would be.
        TlsSessionInfo described = second.Server.DescribeSession();
        Assert.Equal(
            first.Server.DescribeSession() with
            {
                IsResumed = true,
                CertificateSignature = described.CertificateSignature,
                CertificateKey = described.CertificateKey,
            },
            described
        );
    }

    [Theory]
    [MemberData(nameof(Servers))]
    public void Every_suite_resumes(TlsEngine server, TlsVersion version)
    {
        // SHA-384 has other lengths everywhere.
        foreach (string suite in Suites(version))
        {
            using ITlsContext clients = TlsEngines.CreateClient(
                TlsEngine.OpenSsl,
                new TlsClientSettings
                {
                    MinimumVersion = version,
                    MaximumVersion = version,
                    Policy = Policies.TlsPolicies.Intermediate with { CipherSuites = [suite] },
                }
            );
            using ITlsContext servers = TlsEngines.CreateServer(server, EnginePair.ServerSettings(version));

            Assert.False(Connect(clients, servers));
            Assert.True(Connect(clients, servers), suite);
        }
    }

    [Theory]
    [MemberData(nameof(Servers))]
    public void The_next_generation_takes_tickets_of_the_one_before(TlsEngine server, TlsVersion version)
    {
        TlsServerSettings settings = EnginePair.ServerSettings(version);
        using ITlsContext clients = Clients(TlsEngine.OpenSsl);
        using ITlsContext first = TlsEngines.CreateServer(server, settings);
        using ITlsContext second = TlsEngines.CreateServer(server, settings, first);
        using ITlsContext stranger = TlsEngines.CreateServer(server, settings);
        Assert.False(Connect(clients, first));

        Assert.True(Connect(clients, second));
        Assert.False(Connect(clients, stranger));
    }

    [Theory]
    [MemberData(nameof(Servers))]
    public void Another_scope_does_not_take_them(TlsEngine server, TlsVersion version)
    {
        TlsServerSettings settings = EnginePair.ServerSettings(version) with { TicketKeys = new TicketKeyRing(TicketKey.Create()) };
        using ITlsContext clients = Clients(TlsEngine.OpenSsl);
        using ITlsContext one = TlsEngines.CreateServer(server, settings with { SessionScope = "one" });
        using ITlsContext other = TlsEngines.CreateServer(server, settings with { SessionScope = "other" });
        Assert.False(Connect(clients, one));

        Assert.False(Connect(clients, other));
    }

    [Theory]
    [InlineData(TlsVersion.Tls12)]
    [InlineData(TlsVersion.Tls13)]
    public void Tickets_of_the_other_engine_are_unknown_under_the_same_keys(TlsVersion version)
    {
        TlsServerSettings settings = EnginePair.ServerSettings(version) with { TicketKeys = new TicketKeyRing(TicketKey.Create()) };
        using ITlsContext openSsl = TlsEngines.CreateServer(TlsEngine.OpenSsl, settings);
        using ITlsContext bouncyCastle = TlsEngines.CreateServer(TlsEngine.BouncyCastle, settings);
        foreach ((ITlsContext from, ITlsContext to) in ((ITlsContext, ITlsContext)[])[(openSsl, bouncyCastle), (bouncyCastle, openSsl)])
        {
            using ITlsContext clients = Clients(TlsEngine.OpenSsl);
            Assert.False(Connect(clients, from));
            Assert.False(Connect(clients, to));
            Assert.True(Connect(clients, to));
        }
    }

    [Theory]
    [MemberData(nameof(Pairings))]
    public void An_old_key_opens_until_it_leaves_the_ring_and_a_fresh_ticket_comes_with_it(
        TlsEngine client,
        TlsEngine server,
        TlsVersion version
    )
    {
        TicketKeyRing ring = new(TicketKey.Create());
        TlsServerSettings settings = EnginePair.ServerSettings(version) with { TicketKeys = ring };
        using ITlsContext clients = Clients(client);
        using ITlsContext servers = TlsEngines.CreateServer(server, settings);
        Assert.False(Connect(clients, servers));
        // Each rotation makes the ticket's key an old one, and each connection brings a ticket under the new one.
        for (int i = 0; i < 3; i++)
        {
            ring.Rotate(TicketKey.Create());
            Assert.True(Connect(clients, servers), $"rotation {i}");
        }
        ring.Rotate(TicketKey.Create());
        ring.Rotate(TicketKey.Create());

        Assert.False(Connect(clients, servers));
    }

    [Theory]
    [MemberData(nameof(Servers))]
    public void The_client_stays_who_it_was_and_is_authorised_again(TlsEngine server, TlsVersion version)
    {
        string? refusal = null;
        TlsClientAuthentication policy = new()
        {
            Mode = ClientCertificateMode.Required,
            TrustedAuthoritiesPem = Authority.Pem,
            Authorize = _ => refusal,
        };
        using ITlsContext clients = TlsEngines.CreateClient(TlsEngine.OpenSsl, new TlsClientSettings { Certificate = Alice });
        using ITlsContext servers = TlsEngines.CreateServer(
            server,
            EnginePair.ServerSettings(version) with
            {
                ClientAuthentication = policy,
            }
        );
        Assert.False(Connect(clients, servers));
        using (EnginePair resumed = new(clients, servers))
        {
            Echo(resumed);
            Assert.True(resumed.Server.IsResumed);
            Assert.Equal(["alice"], resumed.Server.PeerCertificate!.CommonNames);
        }
        refusal = "no longer on the list";
        using EnginePair refused = new(clients, servers);
        _ = refused.Drive();

        Assert.Equal(TlsFailureKind.AccessDenied, refused.Server.Failure.Kind);
    }

    [Theory]
    [MemberData(nameof(Servers))]
    public void Another_policy_for_clients_makes_a_full_handshake(TlsEngine server, TlsVersion version)
    {
        TlsServerSettings open = EnginePair.ServerSettings(version) with { TicketKeys = new TicketKeyRing(TicketKey.Create()) };
        TlsServerSettings closed = open with
        {
            ClientAuthentication = new TlsClientAuthentication
            {
                Mode = ClientCertificateMode.Required,
                TrustedAuthoritiesPem = Authority.Pem,
            },
        };
        using ITlsContext clients = Clients(TlsEngine.OpenSsl);
        using ITlsContext anyone = TlsEngines.CreateServer(server, open);
        using ITlsContext known = TlsEngines.CreateServer(server, closed);
        Assert.False(Connect(clients, anyone));
        using EnginePair pair = new(clients, known);
        _ = pair.Drive();

        Assert.Equal(TlsFailureKind.CertificateMissing, pair.Server.Failure.Kind);
    }

    [Theory]
    [MemberData(nameof(Servers))]
    public void As_many_tickets_as_configured_are_owed_and_go_out_with_the_first_data(TlsEngine server, TlsVersion version)
    {
        foreach (int tickets in (int[])[0, 1, 4])
        {
            using ITlsContext clients = Clients(TlsEngine.OpenSsl);
            using ITlsContext servers = TlsEngines.CreateServer(server, EnginePair.ServerSettings(version) with { Tickets = tickets });
            using EnginePair pair = new(clients, servers);
            pair.Handshake();
            int expected = version == TlsVersion.Tls13 ? tickets : 0;
            Assert.Equal(expected > 0, pair.Server.OwesTickets);
            Assert.Equal(0, pair.Server.TxPending.Length);
            long before = pair.Server.Counters.TxRecords;

            Assert.Equal(TlsStatus.Done, pair.Server.Write("pong"u8, out _));

            Assert.Equal(1 + expected, pair.Server.Counters.TxRecords - before);
            Assert.False(pair.Server.OwesTickets);
        }
    }

    [Theory]
    [InlineData(TlsVersion.Tls12)]
    [InlineData(TlsVersion.Tls13)]
    public void A_session_ends_with_its_lifetime_whatever_tickets_were_renewed(TlsVersion version)
    {
        FakeTimeProvider clock = new();
        TlsServerSettings settings = EnginePair.ServerSettings(version) with { SessionLifetime = TimeSpan.FromMinutes(10) };
        using ITlsContext clients = Clients(TlsEngine.OpenSsl);
        using ITlsContext servers = BouncyCastleContext.CreateServer(settings, previous: null, clock);
        Assert.False(Connect(clients, servers));
        clock.Advance(TimeSpan.FromMinutes(6));
        Assert.True(Connect(clients, servers));
        clock.Advance(TimeSpan.FromMinutes(3));
        Assert.True(Connect(clients, servers));
        clock.Advance(TimeSpan.FromMinutes(2));

        Assert.False(Connect(clients, servers));
    }

    [Fact]
    public void A_ticket_is_bound_to_name_protocol_and_suite()
    {
        using ITlsContext servers = TlsEngines.CreateServer(TlsEngine.BouncyCastle, EnginePair.ServerSettings(TlsVersion.Tls13));
        TlsClientSettings first = new()
        {
            MinimumVersion = TlsVersion.Tls13,
            ServerName = "default.test",
            ApplicationProtocols = ["h2"],
        };
        TlsClientSettings[] others =
        [
            first with
            {
                ServerName = "www.example.test",
            },
            first with
            {
                ApplicationProtocols = ["http/1.1"],
            },
            first with
            {
                Policy = Policies.TlsPolicies.Intermediate with { CipherSuites = ["TLS_CHACHA20_POLY1305_SHA256"] },
            },
        ];
        foreach (TlsClientSettings settings in others)
        {
            using OpenSsl.OpenSslContext one = OpenSsl.OpenSslContext.CreateClient(first);
            using OpenSsl.OpenSslContext other = OpenSsl.OpenSslContext.CreateClient(settings);
            Assert.False(Connect(one, servers));
            other.ClientSessions!.Add(one.ClientSessions!.Take());

            Assert.False(Connect(other, servers), settings.ToString());
        }
    }

    [Theory]
    [InlineData(TlsEngine.OpenSsl)]
    [InlineData(TlsEngine.BouncyCastle)]
    public void A_ticket_is_taken_after_a_hello_retry(TlsEngine server)
    {
        // The client's key share is X25519's, which this server has not.
        TlsServerSettings settings = EnginePair.ServerSettings(TlsVersion.Tls13) with
        {
            Policy = Policies.TlsPolicies.Intermediate with { Groups = ["secp256r1"] },
        };
        using ITlsContext clients = Clients(TlsEngine.OpenSsl);
        using ITlsContext servers = TlsEngines.CreateServer(server, settings);

        Assert.False(Connect(clients, servers));
        Assert.True(Connect(clients, servers));
        Assert.True(Connect(clients, servers));
    }

    private static IEnumerable<string> Suites(TlsVersion version) =>
        Policies.TlsPolicies.Intermediate.CipherSuites.Where(suite =>
            Policies.TlsParameterNames.IsTls13Suite(suite) == (version == TlsVersion.Tls13)
            && !suite.Contains("_RSA_", StringComparison.Ordinal)
        );

    private static ITlsContext Clients(TlsEngine engine) =>
        TlsEngines.CreateClient(engine, new TlsClientSettings { ApplicationProtocols = ["http/1.1"], ServerName = "default.test" });

    private static bool Connect(ITlsContext clients, ITlsContext servers)
    {
        using EnginePair pair = new(clients, servers);
        Echo(pair);
        bool isResumed = pair.Server.IsResumed;
        Assert.Equal(isResumed, pair.Client.IsResumed);
        Assert.Equal(isResumed, pair.Server.DescribeSession().IsResumed);
        pair.Client.Shutdown();
        pair.Server.Shutdown();
        SessionPair.Move(pair.Client, pair.Server);
        SessionPair.Move(pair.Server, pair.Client);
        return isResumed;
    }

    private static void Echo(EnginePair pair)
    {
        pair.Handshake();
        Assert.Equal("ping"u8.ToArray(), SessionPair.Send(pair.Client, pair.Server, "ping"u8));
        Assert.Equal("pong"u8.ToArray(), SessionPair.Send(pair.Server, pair.Client, "pong"u8));
    }
}
