using TlsGateway.Tls.OpenSsl;

namespace TlsGateway.Tls.Tests;

public sealed class UnknownServerNameTests
{
    // RFC 6066 §3.
    private const int UnrecognizedName = 112;

    [Theory]
    [InlineData("other.test")]
    [InlineData(null)]
    public void It_is_refused_with_its_alert_where_it_has_to_be_known(string? name)
    {
        using OpenSslContext server = Server(reject: true);
        foreach (TlsVersion version in Enum.GetValues<TlsVersion>())
        {
            using OpenSslContext client = SessionPair.ClientContext(version, name);
            using SessionPair pair = new(client, server);
            (_, TlsStatus status) = pair.HandshakeToFailure();
            Assert.Equal(TlsStatus.Error, status);
            Assert.Equal((TlsFailureKind.UnknownServerName, UnrecognizedName), (pair.Server.Failure.Kind, pair.Server.Failure.Alert));
            Assert.Equal((TlsFailureKind.PeerAlert, UnrecognizedName), (pair.Client.Failure.Kind, pair.Client.Failure.Alert));
        }
    }

    [Theory]
    [InlineData("default.test")]
    [InlineData("DEFAULT.test")]
    public void A_known_name_is_served(string name)
    {
        using OpenSslContext server = Server(reject: true);
        using OpenSslContext client = SessionPair.ClientContext(TlsVersion.Tls13, name);
        using SessionPair pair = new SessionPair(client, server).Handshake();
        pair.AssertEchoes();
    }

    [Fact]
    public void Otherwise_the_default_certificate_is_served()
    {
        using OpenSslContext server = Server(reject: false);
        using OpenSslContext client = SessionPair.ClientContext(TlsVersion.Tls13, "other.test");
        using SessionPair pair = new SessionPair(client, server).Handshake();
        pair.AssertEchoes();
    }

    private static OpenSslContext Server(bool reject) =>
        OpenSslContext.CreateServer(new TlsServerSettings { Certificates = [TestCertificates.Default], RejectUnknownServerNames = reject });
}
