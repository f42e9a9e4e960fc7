namespace TlsGateway.Tls.Tests.Contract;

/// <summary>Exported keying material and key logs, with either engine on either side: both ends have the same.</summary>
public sealed class KeyingMaterialContractTests
{
    [Theory]
    [MemberData(nameof(EngineContractTests.Pairings), MemberType = typeof(EngineContractTests))]
    public void Both_ends_export_the_same_also_after_data_and_in_a_resumed_session(TlsEngine client, TlsEngine server, TlsVersion version)
    {
        using ITlsContext clients = TlsEngines.CreateClient(client, new TlsClientSettings());
        using ITlsContext servers = TlsEngines.CreateServer(server, EnginePair.ServerSettings(version));
        for (int i = 0; i < 2; i++)
        {
            using EnginePair pair = new(clients, servers);
            Assert.False(pair.Server.TryExport("EXPORTER-test", [], new byte[32]));
            pair.Handshake();
            AssertSameExports(pair);
            _ = SessionPair.Send(pair.Client, pair.Server, "ping"u8);
            _ = SessionPair.Send(pair.Server, pair.Client, "pong"u8);
            AssertSameExports(pair);
        }
    }

    [Theory]
    [MemberData(nameof(EngineContractTests.Pairings), MemberType = typeof(EngineContractTests))]
    public void A_key_log_has_the_same_lines_at_both_ends(TlsEngine client, TlsEngine server, TlsVersion version)
    {
        List<string> atClient = [];
        List<string> atServer = [];
        using EnginePair pair = new(
            client,
            new TlsClientSettings { KeyLog = atClient.Add },
            server,
            EnginePair.ServerSettings(version) with
            {
                KeyLog = atServer.Add,
            }
        );
        pair.Handshake();
        _ = SessionPair.Send(pair.Client, pair.Server, "ping"u8);

        Assert.Equal(version == TlsVersion.Tls12 ? 1 : 5, atServer.Count);
        Assert.Equal(atServer.Order(StringComparer.Ordinal), atClient.Order(StringComparer.Ordinal));
    }

    private static void AssertSameExports(EnginePair pair)
    {
        foreach (string context in (string[])["", "some context"])
        {
            byte[] servers = new byte[100];
            byte[] clients = new byte[100];
            Assert.True(pair.Server.TryExport("EXPORTER-test", System.Text.Encoding.ASCII.GetBytes(context), servers));
            Assert.True(pair.Client.TryExport("EXPORTER-test", System.Text.Encoding.ASCII.GetBytes(context), clients));
            Assert.Equal(clients, servers);
            Assert.NotEqual(new byte[100], servers);
        }
    }
}
