using TlsGateway.Tls.OpenSsl;
using TlsGateway.Tls.Policies;

namespace TlsGateway.Tls.Tests;

/// <summary>Keying material for other protocols, and key logs for debugging: both ends of a connection must have the same.</summary>
public sealed class KeyingMaterialTests
{
    [Theory]
    [InlineData(TlsVersion.Tls12, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256")]
    [InlineData(TlsVersion.Tls13, "TLS_AES_128_GCM_SHA256")]
    [InlineData(TlsVersion.Tls13, "TLS_AES_256_GCM_SHA384")]
    public void Both_ends_export_the_same(TlsVersion version, string suite)
    {
        using OpenSslContext server = Server(version, suite, log: null);
        using OpenSslContext client = SessionPair.ClientContext(version);
        using SessionPair pair = new SessionPair(client, server).Handshake();
        AssertSameExport(pair, []);
        AssertSameExport(pair, "some context"u8);
        pair.AssertEchoes();
        // By now libssl's part of a TLS 1.3 server session is freed.
        Assert.Equal(version == TlsVersion.Tls12, pair.Server.HoldsSsl);
        AssertSameExport(pair, []);
        AssertSameExport(pair, "some context"u8);
    }

    [Fact]
    public void Nothing_is_exported_before_the_handshake_is_over()
    {
        using OpenSslContext server = SessionPair.ServerContext(TlsVersion.Tls13);
        using OpenSslContext client = SessionPair.ClientContext();
        using SessionPair pair = new(client, server);
        Assert.False(pair.Server.TryExport("EXPORTER-test", [], new byte[32]));
    }

    [Theory]
    [InlineData(TlsVersion.Tls12, "CLIENT_RANDOM")]
    [InlineData(TlsVersion.Tls13, "CLIENT_HANDSHAKE_TRAFFIC_SECRET")]
    [InlineData(TlsVersion.Tls13, "SERVER_TRAFFIC_SECRET_0")]
    [InlineData(TlsVersion.Tls13, "EXPORTER_SECRET")]
    public void A_key_log_has_the_secrets_of_both_ends(TlsVersion version, string label)
    {
        List<string> servers = [];
        List<string> clients = [];
        using OpenSslContext server = Server(version, suite: null, servers.Add);
        using OpenSslContext client = OpenSslContext.CreateClient(
            new TlsClientSettings
            {
                MinimumVersion = version,
                MaximumVersion = version,
                KeyLog = clients.Add,
            }
        );
        using SessionPair pair = new SessionPair(client, server).Handshake();
        pair.AssertEchoes();
        string line = Assert.Single(servers, l => l.StartsWith(label + " ", StringComparison.Ordinal));
        Assert.Contains(line, clients);
        Assert.Equal(3, line.Split(' ').Length);
        Assert.All(line.Split(' ')[1..], hex => Assert.True(hex.All(static c => char.IsAsciiHexDigit(c)), hex));
    }

    private static void AssertSameExport(SessionPair pair, ReadOnlySpan<byte> context)
    {
        byte[] servers = new byte[100];
        byte[] clients = new byte[100];
        Assert.True(pair.Server.TryExport("EXPORTER-test", context, servers));
        Assert.True(pair.Client.TryExport("EXPORTER-test", context, clients));
        Assert.Equal(clients, servers);
        Assert.NotEqual(new byte[100], servers);
    }

    private static OpenSslContext Server(TlsVersion version, string? suite, Action<string>? log) =>
        OpenSslContext.CreateServer(
            new TlsServerSettings
            {
                Certificates = [TestCertificates.Default],
                MinimumVersion = version,
                MaximumVersion = version,
                Policy = suite is null ? null : TlsPolicies.Intermediate with { CipherSuites = [suite] },
                KeyLog = log,
            }
        );
}
