using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using TlsGateway.Interop.Tests.Support;

namespace TlsGateway.Interop.Tests.Admin;

/// <summary>The admin API of a gateway in a process of its own: what it says, and that who may not change anything does not.</summary>
public sealed class AdminAbuseTests : IDisposable
{
    private const string Reader = "reader-token-0123456";
    private const string Admin = "admin-token-01234567";

    private readonly TestCertificates _certificates = new();

    public void Dispose() => _certificates.Dispose();

    [Fact]
    public async Task The_process_is_shown_and_takes_orders()
    {
        await using var upstream = TestUpstream.Echo();
        await using var gateway = await StartAsync(upstream);
        using var admin = Client(gateway, Admin);
        var listener = (await GetAsync(admin, "/listeners")).GetProperty("listeners")[0];
        Assert.Equal("web", listener.GetProperty("name").GetString());
        Assert.Equal($"127.0.0.1:{gateway.Port}", listener.GetProperty("address").GetString());
        Assert.Equal("echo", listener.GetProperty("upstream").GetString());
        var certificate = (await GetAsync(admin, "/certificates")).GetProperty("certificates")[0];
        Assert.Equal("server.pem", certificate.GetProperty("name").GetString());
        Assert.InRange(certificate.GetProperty("daysLeft").GetDouble(), 0, 10_000);
        var configuration = await GetAsync(admin, "/configuration");
        Assert.Equal(1, configuration.GetProperty("generation").GetInt32());
        Assert.Contains("name: web", configuration.GetProperty("yaml").GetString(), StringComparison.Ordinal);

        Assert.Equal(HttpStatusCode.OK, (await SendAsync(admin, HttpMethod.Put, "/log?level=debug")).StatusCode);
        Assert.Equal("debug", (await GetAsync(admin, "/log")).GetProperty("level").GetString());
        Assert.Equal(HttpStatusCode.BadRequest, (await SendAsync(admin, HttpMethod.Put, "/log?level=loud")).StatusCode);
        var reloaded = await SendAsync(admin, HttpMethod.Post, "/configuration/reload");
        Assert.Equal(HttpStatusCode.OK, reloaded.StatusCode);
        Assert.Equal(
            2,
            (await reloaded.Content.ReadFromJsonAsync<JsonElement>(TestContext.Current.CancellationToken))
                .GetProperty("generation")
                .GetInt32()
        );
        await File.WriteAllTextAsync(
            Path.Combine(_certificates.Folder, "gateway.yaml"),
            "listeners: nonsense",
            TestContext.Current.CancellationToken
        );
        Assert.Equal(HttpStatusCode.Conflict, (await SendAsync(admin, HttpMethod.Post, "/configuration/reload")).StatusCode);
        Assert.Equal(2, (await GetAsync(admin, "/configuration")).GetProperty("generation").GetInt32());

        await gateway.Program.ExpectAsync("as Admin by ");
        Assert.DoesNotContain(Admin, gateway.Program.Output.Text, StringComparison.Ordinal);
        Assert.DoesNotContain(Reader, gateway.Program.Output.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_may_not_changes_nothing()
    {
        await using var upstream = TestUpstream.Echo();
        await using var gateway = await StartAsync(upstream);
        using var open = EngineClient.Open(new(IPAddress.Loopback, gateway.Port));
        open.AssertEchoes("open");
        using var reader = Client(gateway, Reader);
        var id = (await GetAsync(reader, "/connections")).GetProperty("connections")[0].GetProperty("id").GetString();
        using var nobody = Client(gateway, "");
        foreach (var path in (string[])[$"/connections/{id}/close", $"/connections/{id}/rehandshake", "/configuration/reload"])
        {
            Assert.Equal(HttpStatusCode.Unauthorized, (await SendAsync(nobody, HttpMethod.Post, path)).StatusCode);
            Assert.Equal(HttpStatusCode.Forbidden, (await SendAsync(reader, HttpMethod.Post, path)).StatusCode);
        }

        Assert.Equal(HttpStatusCode.Forbidden, (await SendAsync(reader, HttpMethod.Put, "/log?level=trace")).StatusCode);
        using (var fromPage = new HttpRequestMessage(HttpMethod.Post, new Uri($"/connections/{id}/close", UriKind.Relative)))
        {
            fromPage.Headers.Authorization = new("Bearer", Admin);
            fromPage.Headers.Add("Origin", "https://elsewhere.test");
            Assert.Equal(HttpStatusCode.Forbidden, (await nobody.SendAsync(fromPage, TestContext.Current.CancellationToken)).StatusCode);
        }

        open.AssertEchoes("still open");
        Assert.Equal("information", (await GetAsync(reader, "/log")).GetProperty("level").GetString());
        Assert.Equal(1, (await GetAsync(reader, "/configuration")).GetProperty("generation").GetInt32());
    }

    /// <summary>Whatever comes, it is answered or cut off, and the gateway goes on.</summary>
    [Theory]
    [InlineData("POST /connections/0-1/close HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000000\r\n\r\n", "HTTP/1.1 4")]
    [InlineData("POST /connections/0-1/close HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n", "HTTP/1.1 400")]
    [InlineData("POST /connections/0-1/close HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "HTTP/1.1 4")]
    [InlineData("GET /connections/../../../etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n", "HTTP/1.1 4")]
    [InlineData("GET /connections/%2e%2e%2f%2e%2e%2fetc%2fpasswd HTTP/1.1\r\nHost: localhost\r\n\r\n", "HTTP/1.1 4")]
    [InlineData("GET /connections/99999999999999999999-1 HTTP/1.1\r\nHost: localhost\r\n\r\n", "HTTP/1.1 404")]
    [InlineData("GET /connections?limit=1000000 HTTP/1.1\r\nHost: localhost\r\n\r\n", "HTTP/1.1 400")]
    [InlineData("GET /connections?limit=1&limit=2 HTTP/1.1\r\nHost: localhost\r\n\r\n", "HTTP/1.1 400")]
    [InlineData("BREW / HTTP/1.1\r\nHost: localhost\r\n\r\n", "HTTP/1.1 4")]
    [InlineData("nonsense\r\n\r\n", "HTTP/1.1 400")]
    public async Task A_malformed_request_gets_its_status(string request, string expected)
    {
        await using var upstream = TestUpstream.Echo();
        await using var gateway = await StartAsync(upstream);
        request = request.Replace("Host: localhost\r\n", $"Host: localhost\r\nAuthorization: Bearer {Admin}\r\n", StringComparison.Ordinal);
        using var socket = new TcpClient();
        await socket.ConnectAsync(IPAddress.Loopback, gateway.Admin.Port, TestContext.Current.CancellationToken);
        await using var stream = socket.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(request), TestContext.Current.CancellationToken);
        using var answer = new StreamReader(stream);
        Assert.StartsWith(expected, await answer.ReadLineAsync(TestContext.Current.CancellationToken) ?? "", StringComparison.Ordinal);
        using var client = EngineClient.Open(new(IPAddress.Loopback, gateway.Port));
        client.AssertEchoes("goes on");
    }

    [Fact]
    public async Task A_thousand_readers_at_once_are_answered_while_it_serves()
    {
        await using var upstream = TestUpstream.Echo();
        await using var gateway = await StartAsync(upstream);
        using var client = EngineClient.Open(new(IPAddress.Loopback, gateway.Port));
        client.AssertEchoes("before");
        using var reader = Client(gateway, Reader);
        var answers = Enumerable
            .Range(0, 1000)
            .Select(i => reader.GetAsync(new Uri(i % 2 == 0 ? "/connections" : "/metrics", UriKind.Relative)))
            .ToList();
        for (var i = 0; i < 100; i++)
            client.AssertEchoes("meanwhile");
        Assert.All(await Task.WhenAll(answers), static answer => Assert.Equal(HttpStatusCode.OK, answer.StatusCode));
        client.CloseCleanly();
    }

    private async Task<GatewayProgram> StartAsync(TestUpstream upstream)
    {
        var pem = Path.Combine(_certificates.Folder, "server.pem");
        await File.WriteAllTextAsync(pem, _certificates.Localhost.ChainPem + "\n" + _certificates.Localhost.KeyPem);
        await File.WriteAllTextAsync(Path.Combine(_certificates.Folder, "readers"), Reader + "\n");
        await File.WriteAllTextAsync(Path.Combine(_certificates.Folder, "admins"), Admin + "\n");
        return await GatewayProgram.StartAsync(
            _certificates.Folder,
            $$"""
            admin: { bind: 127.0.0.1:0, readTokenFile: readers, adminTokenFile: admins }
            listeners:
              - { name: web, bind: 127.0.0.1:0, upstream: echo, tls: { certificates: [ { certificate: {{pem}}, key: {{pem}} } ] } }
            upstreams:
              echo: { address: "{{upstream.EndPoint}}" }
            """
        );
    }

    private static HttpClient Client(GatewayProgram gateway, string token)
    {
        var client = new HttpClient { BaseAddress = gateway.Admin };
        if (token.Length > 0)
            client.DefaultRequestHeaders.Authorization = new("Bearer", token);
        return client;
    }

    private static async Task<JsonElement> GetAsync(HttpClient client, string path) =>
        await client.GetFromJsonAsync<JsonElement>(new Uri(path, UriKind.Relative), TestContext.Current.CancellationToken);

    private static async Task<HttpResponseMessage> SendAsync(HttpClient client, HttpMethod method, string path)
    {
        using var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative));
        return await client.SendAsync(request, TestContext.Current.CancellationToken);
    }
}
