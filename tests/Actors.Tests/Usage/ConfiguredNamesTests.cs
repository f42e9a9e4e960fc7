using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using TlsGateway.Actors.Routing;
using TlsGateway.Actors.Settings;
using TlsGateway.Actors.Usage;
using TlsGateway.Tls;
using TlsGateway.Transport;

namespace TlsGateway.Actors.Tests.Usage;

public sealed class ConfiguredNamesTests
{
    private static readonly ConfiguredNames s_names = ConfiguredNames.Of(Listener());

    [Theory]
    [InlineData("www.example.org", "www.example.org")]
    [InlineData("WWW.example.ORG", "www.example.org")]
    [InlineData("a.example.net", "*.example.net")]
    [InlineData("a.c.example.net", "*.example.net")]
    [InlineData("deep.b.example.net", "*.b.example.net")]
    [InlineData("routed.example.com", "routed.example.com")]
    [InlineData("preview-1.example.com", "other")]
    [InlineData("example.net", "other")]
    [InlineData("made.up.by.a.client", "other")]
    [InlineData("", "none")]
    [InlineData(".", "other")]
    public void A_name_is_as_configured_or_one_of_two_words(string serverName, string expected) =>
        Assert.Equal(expected, s_names.Find(serverName));

    [Fact]
    public void A_name_of_any_length_is_answered() =>
        Assert.Equal(
            "other",
            s_names.Find(string.Concat(Enumerable.Repeat("a.", 2000)) + "example.net".Replace("example", "x", StringComparison.Ordinal))
        );

    [Theory]
    [InlineData("192.0.2.77", 24, 56, "192.0.2.0/24")]
    [InlineData("192.0.2.77", 32, 56, "192.0.2.77")]
    [InlineData("2001:db8:1:2ff::1", 24, 56, "2001:db8:1:200::/56")]
    [InlineData("2001:db8::1", 24, 128, "2001:db8::1")]
    public void A_network_is_written_as_people_do(string address, int ipv4, int ipv6, string expected)
    {
        var networks = new ClientLimitSettings { IPv4Prefix = ipv4, IPv6Prefix = ipv6 };
        Assert.Equal(expected, UsageKey.Of(InetEndPoint.From(IPAddress.Parse(address), 1), networks, "").NetworkText);
    }

    private static ListenerSettings Listener()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=test", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("www.example.org");
        names.AddDnsName("*.example.net");
        request.CertificateExtensions.Add(names.Build());
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(100));
        Assert.True(NamePatterns.TryParse(["routed.example.com", "*.b.example.net", "~^preview-"], out var patterns, out _, out _));
        return new ListenerSettings
        {
            Name = "web",
            Bind = new IPEndPoint(IPAddress.Loopback, 0),
            Tls = new TlsServerSettings { Certificates = [new TlsCertificate("test", certificate.ExportCertificatePem(), "")] },
            Routes =
            [
                new RouteSettings
                {
                    Name = "routed",
                    Names = patterns,
                    Target = new RouteTarget.Reject(112),
                },
            ],
        };
    }
}
