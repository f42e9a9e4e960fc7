using System.Net.Security;
using System.Security.Authentication;
using TlsGateway.Actors;
using TlsGateway.Interop.Tests.Support;

namespace TlsGateway.Interop.Tests.Clients;

/// <summary>.NET's SslStream.</summary>
public sealed class SslStreamTests : IDisposable
{
    private readonly TestCertificates _certificates = new();

    public void Dispose() => _certificates.Dispose();

    [Theory]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    public async Task The_certificate_is_verified_and_data_echoes(SslProtocols version)
    {
        await using var upstream = TestUpstream.Echo();
        await using var gateway = await RunningGateway.StartAsync(RunningGateway.Listener(_certificates.Localhost, upstream.EndPoint));
        await using var client = await SslStreamClient.ConnectAsync(gateway, _certificates, version);
        Assert.Equal(version, client.Stream.SslProtocol);
        await client.EchoAsync("first");
        await client.EchoAsync("second");
        await client.CloseAsync();
        await gateway.UntilClosedAsync(CloseReason.Completed);
    }

    [Theory]
    [InlineData("localhost", "localhost")]
    [InlineData("www.example.test", "exact")]
    [InlineData("WWW.Example.Test", "exact")]
    [InlineData("api.example.test", "wildcard")]
    [InlineData("deep.api.example.test", "localhost")] // a wildcard is one label, RFC 6125 §6.4.3
    [InlineData("example.test", "localhost")]
    [InlineData("other.test", "localhost")]
    public async Task The_server_name_chooses_the_certificate(string serverName, string expected)
    {
        await using var upstream = TestUpstream.Echo();
        var listener = RunningGateway.Listener(_certificates.Localhost, upstream.EndPoint);
        listener = listener with
        {
            Tls = listener.Tls with
            {
                Certificates =
                [
                    _certificates.Localhost,
                    _certificates.Leaf("wildcard", "*.example.test"),
                    _certificates.Leaf("exact", "www.example.test"),
                ],
            },
        };
        await using var gateway = await RunningGateway.StartAsync(listener);
        var options = SslStreamClient.Options(_certificates, serverName);
        // The default certificate is not for every name that is asked for.
        options.CertificateChainPolicy!.VerificationFlags |= System
            .Security
            .Cryptography
            .X509Certificates
            .X509VerificationFlags
            .IgnoreInvalidName;
        options.RemoteCertificateValidationCallback = static (_, _, _, errors) =>
            (errors & ~SslPolicyErrors.RemoteCertificateNameMismatch) == SslPolicyErrors.None;
        await using var client = await SslStreamClient.ConnectAsync(gateway.EndPoint, options);
        Assert.Equal(expected, client.CertificateName);
        await client.EchoAsync(serverName);
    }

    [Theory]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    public async Task The_application_protocol_is_the_first_of_the_gateways_that_the_client_has(SslProtocols version)
    {
        await using var upstream = TestUpstream.Echo();
        var listener = RunningGateway.Listener(_certificates.Localhost, upstream.EndPoint);
        listener = listener with { Tls = listener.Tls with { ApplicationProtocols = ["h2", "http/1.1"] } };
        await using var gateway = await RunningGateway.StartAsync(listener);
        var options = SslStreamClient.Options(_certificates);
        options.EnabledSslProtocols = version;
        options.ApplicationProtocols = [SslApplicationProtocol.Http11, SslApplicationProtocol.Http2];
        await using var client = await SslStreamClient.ConnectAsync(gateway.EndPoint, options);
        Assert.Equal(SslApplicationProtocol.Http2, client.Stream.NegotiatedApplicationProtocol);
        await client.EchoAsync("h2");
    }

    [Theory]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    public async Task No_common_application_protocol_ends_in_an_alert(SslProtocols version)
    {
        await using var upstream = TestUpstream.Echo();
        var listener = RunningGateway.Listener(_certificates.Localhost, upstream.EndPoint);
        listener = listener with { Tls = listener.Tls with { ApplicationProtocols = ["h2"] } };
        await using var gateway = await RunningGateway.StartAsync(listener);
        var options = SslStreamClient.Options(_certificates);
        options.EnabledSslProtocols = version;
        options.ApplicationProtocols = [new SslApplicationProtocol("spoken-by-nobody")];
        var failure = await Assert.ThrowsAsync<AuthenticationException>(() => SslStreamClient.ConnectAsync(gateway.EndPoint, options));
        Assert.Contains("no application protocol", failure.ToString(), StringComparison.OrdinalIgnoreCase);
        await gateway.UntilClosedAsync(CloseReason.NoCommonApplicationProtocol);
        Assert.Equal(1, gateway.Count(c => c.HandshakeFailures(CloseReason.NoCommonApplicationProtocol)));
    }

    [Theory]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    public async Task A_second_connection_resumes(SslProtocols version)
    {
        await using var upstream = TestUpstream.Echo();
        await using var gateway = await RunningGateway.StartAsync(RunningGateway.Listener(_certificates.Localhost, upstream.EndPoint));
        for (var i = 0; i < 2; i++)
        {
            await using var client = await SslStreamClient.ConnectAsync(gateway, _certificates, version);
            await client.EchoAsync("an answer brings the ticket");
            await client.CloseAsync();
        }

        await gateway.UntilClosedAsync(CloseReason.Completed, 2);
        Assert.Equal(
            version == SslProtocols.Tls12 ? (1, 1, 0, 0) : (0, 0, 1, 1),
            (
                gateway.Count(c => c.FullTls12),
                gateway.Count(c => c.ResumedTls12),
                gateway.Count(c => c.FullTls13),
                gateway.Count(c => c.ResumedTls13)
            )
        );
    }
}
