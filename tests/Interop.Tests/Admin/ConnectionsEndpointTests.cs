using System.Net;
using System.Text.Json;
using TlsGateway.Interop.Tests.Support;

namespace TlsGateway.Interop.Tests.Admin;

/// <summary>`/connections` of the real program, with openssl s_client at the other end.</summary>
public sealed class ConnectionsEndpointTests : IDisposable
{
    private readonly string _openssl = Programs.Require("openssl");
    private readonly TestCertificates _certificates = new();
    private readonly HttpClient _http = new();

    public void Dispose()
    {
        _certificates.Dispose();
        _http.Dispose();
    }

    [Theory]
    [InlineData("-tls1_2", "TLSv1.2", "rehandshakes")]
    [InlineData("-tls1_3", "TLSv1.3", "keyUpdatesReceived")]
    public async Task A_connection_is_shown_renewed_asked_and_closed(string option, string version, string counted)
    {
        await using var gateway = await StartAsync();
        await using var client = Start(gateway, option);
        var shown = await OneAsync(gateway);
        var id = shown.GetProperty("id").GetString()!;
        Assert.Equal(version, shown.GetProperty("tls").GetProperty("version").GetString());
        Assert.Equal("localhost", shown.GetProperty("hello").GetProperty("serverName").GetString());
        Assert.StartsWith("t1", shown.GetProperty("hello").GetProperty("ja4").GetString(), StringComparison.Ordinal);
        Assert.Equal("read_blocked_on_read", Assert.Single(shown.GetProperty("blocked").EnumerateArray()).GetString());
        Assert.False(shown.TryGetProperty("clientCertificate", out _));

        Assert.Equal(HttpStatusCode.Accepted, await OrderAsync(gateway, id, "rehandshake"));
        // OpenSSL answers a KeyUpdate with its next record; half a request keeps the upstream waiting.
        await client.SayAsync("GET / HTTP/1.1\r");
        await UntilAsync(gateway, id, c => c.GetProperty(counted).GetInt32() == 1 && !c.GetProperty("isRehandshaking").GetBoolean());
        Assert.Equal(HttpStatusCode.Accepted, await OrderAsync(gateway, id, "step-up"));
        await UntilAsync(
            gateway,
            id,
            static c => c.TryGetProperty("clientCertificate", out var who) && who.GetProperty("subject").GetString() == "CN=alice"
        );
        Assert.Equal(HttpStatusCode.Accepted, await OrderAsync(gateway, id, "close"));
        Assert.Equal(0, await client.ExitAsync());
        Assert.Equal(HttpStatusCode.NotFound, (await _http.GetAsync(new Uri(gateway.Admin, "/connections/" + id))).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, await OrderAsync(gateway, id, "close"));
        await gateway.Program.ExpectAsync($"as Admin by no credential: POST /connections/{id}/close, answered 202");
    }

    [Fact]
    public async Task An_order_that_this_client_cannot_follow_is_refused_and_the_connection_goes_on()
    {
        await using var gateway = await StartAsync();
        await using var client = Start(gateway, "-tls1_3", offersAuthentication: false);
        var id = (await OneAsync(gateway)).GetProperty("id").GetString()!;
        Assert.Equal(HttpStatusCode.Conflict, await OrderAsync(gateway, id, "step-up"));
        await client.SayAsync("GET / HTTP/1.0\r\n\r");
        await client.ExpectAsync("200 OK");
    }

    [Fact]
    public async Task A_page_of_another_site_gives_no_orders()
    {
        await using var gateway = await StartAsync();
        await using var client = Start(gateway, "-tls1_3");
        var id = (await OneAsync(gateway)).GetProperty("id").GetString()!;
        Assert.Equal(HttpStatusCode.Forbidden, await OrderAsync(gateway, id, "close", ("Origin", "https://elsewhere.test")));
        Assert.Equal(HttpStatusCode.Forbidden, await OrderAsync(gateway, id, "close", ("Sec-Fetch-Site", "cross-site")));
        Assert.Equal(id, (await OneAsync(gateway)).GetProperty("id").GetString());
        Assert.Equal(HttpStatusCode.Accepted, await OrderAsync(gateway, id, "close", ("Sec-Fetch-Site", "same-origin")));
        await client.ExitAsync();
    }

    [Theory]
    [InlineData("?limit=0")]
    [InlineData("?limit=1001")]
    [InlineData("?after=x")]
    [InlineData("?stalled=maybe")]
    [InlineData("?order=age")]
    public async Task A_query_that_is_not_understood_says_what_is(string query)
    {
        await using var gateway = await StartAsync();
        var answer = await _http.GetAsync(new Uri(gateway.Admin, "/connections" + query));
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains("limit (1 to 1000)", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pages_lead_through_all_connections_once()
    {
        const int Connections = 5;
        await using var gateway = await StartAsync();
        var clients = Enumerable
            .Range(0, Connections)
            .Select(_ => EngineClient.ConnectSocket(new IPEndPoint(IPAddress.Loopback, gateway.Port)))
            .ToList();
        await RunningGateway.UntilAsync(() => AllAsync(gateway).GetAwaiter().GetResult().Count == Connections, "all are shown");
        var all = await AllAsync(gateway);
        Assert.Equal(Connections, all.Distinct().Count());
        Assert.Empty(await AllAsync(gateway, "&listener=other"));
        // Silent ones owe us their hello.
        Assert.Equal(Connections, (await AllAsync(gateway, "&stalled=true")).Count);
        clients.ForEach(static c => c.Dispose());
    }

    private async Task<List<string>> AllAsync(GatewayProgram gateway, string filter = "")
    {
        var ids = new List<string>();
        for (var after = ""; ; )
        {
            var page = await JsonAsync(gateway, $"/connections?limit=2{filter}{(after.Length == 0 ? "" : "&after=" + after)}");
            ids.AddRange(page.GetProperty("connections").EnumerateArray().Select(static c => c.GetProperty("id").GetString()!));
            if (!page.TryGetProperty("next", out var next))
                return ids;
            after = next.GetString()!;
        }
    }

    private async Task<JsonElement> OneAsync(GatewayProgram gateway)
    {
        JsonElement one = default;
        await RunningGateway.UntilAsync(
            () =>
            {
                var all = JsonAsync(gateway, "/connections").GetAwaiter().GetResult().GetProperty("connections");
                if (all.GetArrayLength() != 1 || all[0].GetProperty("state").GetString() != "open")
                    return false;
                one = all[0];
                return true;
            },
            "one open connection"
        );
        return one;
    }

    private Task UntilAsync(GatewayProgram gateway, string id, Func<JsonElement, bool> holds) =>
        RunningGateway.UntilAsync(() => holds(JsonAsync(gateway, "/connections/" + id).GetAwaiter().GetResult()), "the connection changed");

    private async Task<JsonElement> JsonAsync(GatewayProgram gateway, string path)
    {
        using var document = JsonDocument.Parse(await _http.GetStringAsync(new Uri(gateway.Admin, path)));
        return document.RootElement.Clone();
    }

    private async Task<HttpStatusCode> OrderAsync(
        GatewayProgram gateway,
        string id,
        string order,
        (string Name, string Value)? header = null
    )
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(gateway.Admin, $"/connections/{id}/{order}"));
        if (header is { } added)
            request.Headers.Add(added.Name, added.Value);
        using var answer = await _http.SendAsync(request);
        return answer.StatusCode;
    }

    private RunningProgram Start(GatewayProgram gateway, string version, bool offersAuthentication = true)
    {
        var alice = _certificates.ClientLeaf("alice");
        var (certificate, key) = (Write("alice.pem", alice.ChainPem), Write("alice-key.pem", alice.KeyPem));
        return RunningProgram.Start(
            _openssl,
            "s_client",
            "-connect",
            $"127.0.0.1:{gateway.Port}",
            "-servername",
            "localhost",
            offersAuthentication ? "-enable_pha" : "-no_ign_eof",
            "-quiet",
            "-cert",
            certificate,
            "-key",
            key,
            version
        );
    }

    private Task<GatewayProgram> StartAsync() =>
        GatewayProgram.StartAsync(
            _certificates.Folder,
            $$"""
            admin: { bind: 127.0.0.1:0 }
            listeners:
              - name: one
                bind: 127.0.0.1:0
                upstream: demo
                tls:
                  certificates: [ { certificate: {{Write("chain.pem", _certificates.Localhost.ChainPem)}}, key: {{Write(
                "key.pem",
                _certificates.Localhost.KeyPem
            )}} } ]
                  clientCertificates: { mode: none, authorities: {{_certificates.AuthorityFile}}, stepUp: true }
            upstreams:
              demo: { address: embedded-demo }

            """
        );

    private string Write(string name, string text)
    {
        var path = Path.Combine(_certificates.Folder, name);
        File.WriteAllText(path, text);
        return path;
    }
}
