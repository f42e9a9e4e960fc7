using System.Net;
using Microsoft.Extensions.Logging;
using TlsGateway.Gateway.Admin;
using TlsGateway.Gateway.Configuration;
using TlsGateway.Gateway.Tests.Support;
using TlsGateway.Tls;

namespace TlsGateway.Gateway.Tests.Configuration;

/// <summary>What becomes of a configuration that is right.</summary>
public sealed class ConfigurationLoaderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Every_key_reaches_the_settings()
    {
        var configuration = await LoadAsync(
            """
            drain: { timeout: 1m30s }
            eventLoops: 3
            stateFolder: var/state
            admin: { bind: "[::1]:9000" }
            log: { level: debug, format: json }
            listeners:
              - name: edge
                bind: "[::1]:8443"
                upstream: api
                tls:
                  certificates: development
                  minimumVersion: 1.3
                  maximumVersion: "1.3"
                  applicationProtocols: [h2, http/1.1]
                  tickets: 2
                timeouts: { handshake: 1s, idle: 2m, shutdown: 3s }
                limits:
                  connections: 7
                  credit: 64KiB
                  handshakeBytes: 32768
                  keyUpdates: 5
                  recordsWithoutData: 6
                  warnings: 4
                  rehandshakes: 9
                  clientRehandshakes: 7
                  recordsPerKey: 1000
            upstreams:
              api: { address: backend.test:8080, connectTimeout: 250ms }

            """
        );

        Assert.Equal(TimeSpan.FromSeconds(90), configuration.DrainTimeout);
        Assert.Equal(3, configuration.EventLoops);
        Assert.Equal(_folder.File("var/state"), configuration.StateFolder);
        Assert.Equal(IPEndPoint.Parse("[::1]:9000"), configuration.Admin.Bind);
        Assert.Equal(new LogSettings(LogLevel.Debug, LogFormat.Json), configuration.Log);
        Assert.True(configuration.NeedsDevelopmentCertificate);
        Assert.False(configuration.NeedsDemoUpstream);

        var certificate = new TlsCertificate("made", "chain", "key");
        var settings = configuration.ToSettings(generation: 4, certificate, demo: null);
        Assert.Equal(4, settings.Generation);
        var listener = Assert.Single(settings.Listeners);
        Assert.Equal("edge", listener.Name);
        Assert.Equal(IPEndPoint.Parse("[::1]:8443"), listener.Bind);
        Assert.Equal(
            (1, 120, 3),
            (listener.HandshakeTimeout.TotalSeconds, listener.IdleTimeout.TotalSeconds, listener.ShutdownTimeout.TotalSeconds)
        );
        Assert.Equal((7, 65536), (listener.MaxConnections, listener.CreditBytes));
        Assert.Equal("api", listener.Upstream!.Name);
        Assert.Equal([IPEndPoint.Parse("192.0.2.7:8080")], listener.Upstream!.Endpoints.Select(static endpoint => endpoint.Address));
        Assert.Equal(TimeSpan.FromMilliseconds(250), listener.Upstream!.ConnectTimeout);
        Assert.Equal([certificate], listener.Tls.Certificates);
        Assert.Equal((TlsVersion.Tls13, TlsVersion.Tls13), (listener.Tls.MinimumVersion, listener.Tls.MaximumVersion));
        Assert.Equal(["h2", "http/1.1"], listener.Tls.ApplicationProtocols);
        Assert.Equal(2, listener.Tls.Tickets);
        Assert.Equal(
            new TlsLimits
            {
                MaxHandshakeBytes = 32768,
                MaxKeyUpdates = 5,
                MaxRecordsWithoutData = 6,
                MaxWarnings = 4,
                MaxRehandshakes = 9,
                MaxClientRehandshakes = 7,
                MaxRecordsPerKey = 1000,
            },
            listener.Tls.Limits
        );
    }

    [Fact]
    public async Task What_is_left_out_has_the_data_paths_defaults()
    {
        var configuration = await LoadAsync(Loader.Minimal);
        var demo = IPEndPoint.Parse("127.0.0.1:1234");
        var listener = Assert.Single(configuration.ToSettings(1, new TlsCertificate("made", "", ""), demo).Listeners);
        Actors.Settings.ListenerSettings defaults = new()
        {
            Name = "https",
            Bind = listener.Bind,
            Tls = listener.Tls,
            Upstream = listener.Upstream,
            Routes = listener.Routes,
        };

        Assert.Equal(defaults, listener);
        Assert.Empty(listener.Routes);
        Assert.Equal(TlsLimits.Default, listener.Tls.Limits);
        Assert.Equal([demo], listener.Upstream!.Endpoints.Select(static endpoint => endpoint.Address));
        Assert.Equal(
            (TlsVersion.Tls12, TlsVersion.Tls13, 1),
            (listener.Tls.MinimumVersion, listener.Tls.MaximumVersion, listener.Tls.Tickets)
        );
        Assert.Equal((TimeSpan.FromSeconds(30), 0), (configuration.DrainTimeout, configuration.EventLoops));
    }

    [Fact]
    public async Task Settings_that_lack_the_demo_or_the_development_certificate_are_not_made()
    {
        var configuration = await LoadAsync(Loader.Minimal);

        Assert.Throws<InvalidOperationException>(() =>
            configuration.ToSettings(1, development: null, new IPEndPoint(IPAddress.Loopback, 1))
        );
        Assert.Throws<InvalidOperationException>(() => configuration.ToSettings(1, new TlsCertificate("made", "", ""), demo: null));
    }

    [Fact]
    public async Task Environment_variables_fill_values_of_every_type()
    {
        var configuration = await LoadAsync(
            Loader.Minimal.Replace("127.0.0.1:8443", "\"127.0.0.1:${PORT}\"", StringComparison.Ordinal)
                + "drain: { timeout: \"${DRAIN:-7s}\" }\neventLoops: \"${LOOPS}\"\nstateFolder: $${LOOPS}\nlog: { level: \"${LEVEL:-error}\" }\n",
            ("PORT", "4433"),
            ("LOOPS", "2"),
            ("LEVEL", "")
        );

        Assert.Equal(4433, configuration.Listeners[0].Bind.Port);
        Assert.Equal(TimeSpan.FromSeconds(7), configuration.DrainTimeout);
        Assert.Equal(2, configuration.EventLoops);
        Assert.Equal(_folder.File("${LOOPS}"), configuration.StateFolder);
        Assert.Equal(LogLevel.Error, configuration.Log.Level);
    }

    [Fact]
    public async Task An_admin_address_that_others_reach_needs_tokens()
    {
        var open = await Loader.LoadAsync(_folder, Loader.Minimal + "admin: { bind: 0.0.0.0:9901 }\n");
        var problem = Assert.Single(open.Problems);
        Assert.Equal(ProblemSeverity.Error, problem.Severity);
        Assert.Contains(":9:16: admin.bind 0.0.0.0:9901 is not loopback", problem.ToString(), StringComparison.Ordinal);

        _folder.Write("readers", "first-token-of-readers\n\nsecond-token-of-readers\n");
        var closed = await Loader.LoadAsync(_folder, Loader.Minimal + "admin: { bind: 0.0.0.0:9901, readTokenFile: readers }\n");
        Assert.Empty(closed.Problems);
        var tokens = closed.Configuration!.Admin.Access.Tokens;
        Assert.Equal(AdminRole.Reader, tokens.RoleOf("Bearer second-token-of-readers", out _));
        Assert.Contains(closed.Configuration.WatchedFiles.Keys, path => path.EndsWith("readers", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("short", "whose line 1 is no token of 16 characters at least")]
    [InlineData("long-enough-token-one\nlong enough token two", "whose line 2 is no token of 16 characters at least")]
    [InlineData("\n\n", "which has no token in it")]
    public async Task A_token_file_without_good_tokens_is_refused(string content, string expected)
    {
        _folder.Write("tokens", content);
        var result = await Loader.LoadAsync(_folder, Loader.Minimal + "admin: { adminTokenFile: tokens }\n");
        var problem = Assert.Single(result.Problems).ToString();
        Assert.Contains("admin.adminTokenFile is 'tokens', " + expected, problem, StringComparison.Ordinal);
        Assert.DoesNotContain("enough", problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_development_set_of_which_a_part_is_missing_is_an_error_that_names_it()
    {
        Directory.CreateDirectory(_folder.File("state"));
        _folder.Write("state/ca.pem", "x");
        var result = await Loader.LoadAsync(_folder, Loader.Minimal);

        Assert.Null(result.Configuration);
        Assert.Contains(
            "ca-key.pem, tls.pem, tls-key.pem missing, ca.pem present",
            Assert.Single(result.Problems).Message,
            StringComparison.Ordinal
        );
    }

    private async Task<GatewayConfiguration> LoadAsync(string yaml, params (string Name, string Value)[] variables)
    {
        var result = await Loader.LoadAsync(_folder, yaml, variables);
        Assert.Empty(result.Problems);
        return Assert.IsType<GatewayConfiguration>(result.Configuration);
    }
}
