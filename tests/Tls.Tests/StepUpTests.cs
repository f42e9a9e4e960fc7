using TlsGateway.Tls.ClientCertificates;
using TlsGateway.Tls.OpenSsl;

namespace TlsGateway.Tls.Tests;

/// <summary>A client asked for its certificate once the session is open: by renegotiation on TLS 1.2, by post-handshake authentication on TLS 1.3.</summary>
public sealed class StepUpTests
{
    private static readonly ClientAuthority Authority = new("Clients");

    public static TheoryData<TlsVersion> Versions => [TlsVersion.Tls12, TlsVersion.Tls13];

    [Theory]
    [MemberData(nameof(Versions))]
    public void The_client_answers_and_is_known_from_then_on(TlsVersion version)
    {
        using SessionPair pair = Open(version, Authority.Client("CN=alice"));
        Assert.Null(pair.Server.PeerCertificate);
        pair.AssertEchoes();

        Assert.Equal(TlsStatus.Done, pair.Server.RequestClientCertificate());
        Assert.True(pair.Server.IsRehandshaking);
        Finish(pair);

        Assert.False(pair.Server.IsRehandshaking);
        Assert.Equal(["alice"], pair.Server.PeerCertificate!.CommonNames);
        pair.AssertEchoes();
    }

    [Fact]
    public void Data_goes_on_both_ways_while_the_client_has_not_answered()
    {
        using SessionPair pair = Open(TlsVersion.Tls13, Authority.Client("CN=alice"));
        Assert.Equal(TlsStatus.Done, pair.Server.RequestClientCertificate());
        // Not delivered yet: the client knows nothing of it.
        byte[] request = pair.Server.TxPending.ToArray();
        pair.Server.TxConsume(request.Length);
        Assert.Equal("early"u8, SessionPair.Send(pair.Client, pair.Server, "early"u8));
        Assert.True(pair.Server.IsRehandshaking);
        request.CopyTo(pair.Client.RxFree);
        pair.Client.RxCommit(request.Length);
        Finish(pair);
        Assert.Equal(["alice"], pair.Server.PeerCertificate!.CommonNames);
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public void A_client_without_a_certificate_is_refused(TlsVersion version)
    {
        using SessionPair pair = Open(version, certificate: null);
        Assert.Equal(TlsStatus.Done, pair.Server.RequestClientCertificate());
        TlsStatus status = Finish(pair);
        Assert.Equal(TlsStatus.Error, status);
        Assert.Equal(TlsFailureKind.CertificateMissing, pair.Server.Failure.Kind);
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public void A_client_that_is_not_authorised_is_refused(TlsVersion version)
    {
        using SessionPair pair = Open(version, Authority.Client("CN=alice"), authorize: static _ => "not today");
        Assert.Equal(TlsStatus.Done, pair.Server.RequestClientCertificate());
        TlsStatus status = Finish(pair);
        Assert.Equal(TlsStatus.Error, status);
        Assert.Equal((TlsFailureKind.AccessDenied, "not today"), (pair.Server.Failure.Kind, pair.Server.Failure.Detail));
        Assert.Null(pair.Server.PeerCertificate);
    }

    [Fact]
    public void A_client_that_did_not_offer_it_cannot_be_asked_and_the_session_goes_on()
    {
        using SessionPair pair = Open(TlsVersion.Tls13, Authority.Client("CN=alice"), offers: false);
        Assert.Equal(TlsStatus.Error, pair.Server.RequestClientCertificate());
        Assert.Equal(TlsFailureKind.NotSupported, pair.Server.Failure.Kind);
        Assert.False(pair.Server.IsRehandshaking);
        pair.AssertEchoes();
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public void Where_the_listener_does_not_allow_it_nobody_is_asked(TlsVersion version)
    {
        using SessionPair pair = SessionPair.Open(version);
        Assert.Equal(TlsStatus.Error, pair.Server.RequestClientCertificate());
        Assert.Equal(TlsFailureKind.NotSupported, pair.Server.Failure.Kind);
        pair.AssertEchoes();
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public void A_client_may_be_asked_twice(TlsVersion version)
    {
        using SessionPair pair = Open(version, Authority.Client("CN=alice"));
        for (int i = 0; i < 2; i++)
        {
            Assert.Equal(TlsStatus.Done, pair.Server.RequestClientCertificate());
            Assert.Equal(TlsStatus.Error, pair.Server.RequestClientCertificate());
            Finish(pair);
            Assert.Equal(["alice"], pair.Server.PeerCertificate!.CommonNames);
            Assert.Equal(i + 1, pair.Server.Counters.Rehandshakes);
        }
        pair.AssertEchoes();
    }

    private static SessionPair Open(
        TlsVersion version,
        TlsCertificate? certificate,
        bool offers = true,
        Func<TlsPeerCertificate, string?>? authorize = null
    )
    {
        using OpenSslContext server = OpenSslContext.CreateServer(
            new TlsServerSettings
            {
                Certificates = [TestCertificates.Default],
                MinimumVersion = version,
                MaximumVersion = version,
                ClientAuthentication = new TlsClientAuthentication
                {
                    TrustedAuthoritiesPem = Authority.Pem,
                    AllowStepUp = true,
                    Authorize = authorize,
                },
            }
        );
        using OpenSslContext client = OpenSslContext.CreateClient(
            new TlsClientSettings
            {
                MinimumVersion = version,
                MaximumVersion = version,
                Certificate = certificate,
                OfferPostHandshakeAuthentication = offers,
            }
        );
        return new SessionPair(client, server).Handshake();
    }

    /// <summary>Moves bytes both ways until nothing moves; the server's last status.</summary>
    private static TlsStatus Finish(SessionPair pair)
    {
        TlsStatus status = TlsStatus.WantRead;
        for (int i = 0; i < 10; i++)
        {
            SessionPair.Move(pair.Server, pair.Client);
            _ = SessionPair.ReadAll(pair.Client, out _);
            SessionPair.Move(pair.Client, pair.Server);
            _ = SessionPair.ReadAll(pair.Server, out status);
            if (status == TlsStatus.Error)
            {
                break;
            }
        }
        return status;
    }
}
