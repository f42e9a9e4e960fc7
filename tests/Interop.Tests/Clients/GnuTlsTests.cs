using System.Globalization;
using TlsGateway.Actors;
using TlsGateway.Interop.Tests.Support;
using TlsGateway.Tls;

namespace TlsGateway.Interop.Tests.Clients;

/// <summary>gnutls-cli: another implementation of the protocol on the other side.</summary>
public sealed class GnuTlsTests : IDisposable
{
    private readonly string _gnuTls = Programs.Require("gnutls-cli");
    private readonly TestCertificates _certificates = new();

    public void Dispose() => _certificates.Dispose();

    [Theory]
    [InlineData("1.2")]
    [InlineData("1.3")]
    public async Task The_certificate_is_verified_and_data_echoes(string version)
    {
        await using var upstream = TestUpstream.Echo();
        await using var gateway = await RunningGateway.StartAsync(RunningGateway.Listener(_certificates.Localhost, upstream.EndPoint));
        await using (var client = Start(gateway, version))
        {
            await client.ExpectAsync("Status: The certificate is trusted.");
            await client.ExpectAsync($"(TLS{version}");
            await client.ExpectAsync("Simple Client Mode");
            await client.EchoAsync("first line");
            await client.EchoAsync("second line");
            await EndAsync(client);
        }

        await gateway.UntilClosedAsync(CloseReason.Completed);
    }

    [Theory]
    [InlineData("1.2")]
    [InlineData("1.3")]
    public async Task The_first_common_application_protocol_of_the_gateway_is_chosen(string version)
    {
        await using var upstream = TestUpstream.Echo();
        var listener = RunningGateway.Listener(_certificates.Localhost, upstream.EndPoint);
        listener = listener with { Tls = listener.Tls with { ApplicationProtocols = ["h2", "http/1.1"] } };
        await using var gateway = await RunningGateway.StartAsync(listener);
        await using (var client = Start(gateway, version, "--alpn", "http/1.1", "--alpn", "h2"))
        {
            await client.ExpectAsync("Application protocol: h2");
            await client.ExpectAsync("Simple Client Mode");
            await client.EchoAsync("a line");
            await EndAsync(client);
        }

        await gateway.UntilClosedAsync(CloseReason.Completed);
    }

    [Theory]
    [InlineData(TlsEngine.OpenSsl, "1.2")]
    [InlineData(TlsEngine.OpenSsl, "1.3")]
    [InlineData(TlsEngine.BouncyCastle, "1.2")]
    [InlineData(TlsEngine.BouncyCastle, "1.3")]
    public async Task A_session_is_resumed(TlsEngine engine, string version)
    {
        await using var upstream = TestUpstream.Echo();
        await using var gateway = await RunningGateway.StartAsync(
            ProgramClients.Listener(_certificates.Localhost, upstream.EndPoint, engine)
        );
        await using (var client = Start(gateway, version, "--resume", "--waitresumption"))
        {
            await client.ExpectAsync("This is a resumed session");
            await client.EchoAsync("a line");
            await EndAsync(client);
        }

        await RunningGateway.UntilAsync(() => gateway.Host.OpenConnections == 0, "both connections ended");
        Assert.Equal(
            version == "1.2" ? (1, 1, 0, 0) : (0, 0, 1, 1),
            (
                gateway.Count(c => c.FullTls12),
                gateway.Count(c => c.ResumedTls12),
                gateway.Count(c => c.FullTls13),
                gateway.Count(c => c.ResumedTls13)
            )
        );
    }

    [Fact]
    public async Task No_common_version_is_named()
    {
        await using var upstream = TestUpstream.Echo();
        var listener = RunningGateway.Listener(_certificates.Localhost, upstream.EndPoint);
        listener = listener with { Tls = listener.Tls with { MinimumVersion = TlsVersion.Tls13 } };
        await using var gateway = await RunningGateway.StartAsync(listener);
        await using (var client = Start(gateway, "1.2"))
        {
            Assert.NotEqual(0, await client.ExitAsync());
            Assert.Contains("alert", client.Output.Text + client.Errors.Text, StringComparison.OrdinalIgnoreCase);
        }

        await gateway.UntilClosedAsync(CloseReason.NoCommonVersion);
    }

    /// <summary>The end of its input makes it send close_notify and wait for ours.</summary>
    private static async Task EndAsync(RunningProgram client)
    {
        client.EndInput();
        Assert.True(await client.ExitAsync() == 0, client.Describe());
    }

    private RunningProgram Start(RunningGateway gateway, string version, params string[] options) =>
        RunningProgram.Start(
            _gnuTls,
            [
                "--x509cafile",
                _certificates.AuthorityFile,
                "--priority",
                $"NORMAL:-VERS-ALL:+VERS-TLS{version}",
                "--sni-hostname",
                "localhost",
                "--verify-hostname",
                "localhost",
                .. options,
                "--port",
                gateway.Port.ToString(CultureInfo.InvariantCulture),
                gateway.EndPoint.Address.ToString(),
            ]
        );
}
