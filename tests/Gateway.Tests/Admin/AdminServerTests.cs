using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using TlsGateway.Actors.Metrics;
using TlsGateway.Gateway.Admin;
using TlsGateway.Gateway.Configuration;
using TlsGateway.Gateway.Telemetry;

namespace TlsGateway.Gateway.Tests.Admin;

public sealed class AdminServerTests
{
    [Fact]
    public async Task Ready_follows_the_gateways_phase_and_healthz_does_not()
    {
        GatewayReadiness readiness = new();
        await using var admin = await StartAsync(readiness);

        foreach (
            var (phase, status) in new[]
            {
                (GatewayPhase.Starting, HttpStatusCode.ServiceUnavailable),
                (GatewayPhase.Ready, HttpStatusCode.OK),
                (GatewayPhase.Draining, HttpStatusCode.ServiceUnavailable),
            }
        )
        {
            readiness.Phase = phase;
            Assert.Equal((status, phase.ToString().ToLowerInvariant() + "\n"), await GetAsync(admin, "/ready"));
            Assert.Equal((HttpStatusCode.OK, "ok\n"), await GetAsync(admin, "/healthz"));
        }
    }

    [Fact]
    public async Task Metrics_has_the_gateways_meter_and_the_runtimes()
    {
        await using var admin = await StartAsync(new GatewayReadiness());
        using Meter meter = new(GatewayMetrics.MeterName);
        meter.CreateCounter<long>("gateway.probe").Add(3);

        var (status, text) = await GetAsync(admin, "/metrics");

        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Matches(@"gateway_probe_total\{[^}]*\} 3", text);
        Assert.Contains("dotnet_gc_collections_total", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("localhost", HttpStatusCode.OK)]
    [InlineData("LOCALHOST:9901", HttpStatusCode.OK)]
    [InlineData("127.0.0.1:9901", HttpStatusCode.OK)]
    [InlineData("[::1]:9901", HttpStatusCode.OK)]
    [InlineData("rebound.example", HttpStatusCode.MisdirectedRequest)]
    [InlineData("localhost.rebound.example", HttpStatusCode.MisdirectedRequest)]
    [InlineData("192.0.2.1", HttpStatusCode.MisdirectedRequest)]
    public async Task A_name_that_is_not_this_endpoints_is_not_answered(string host, HttpStatusCode status)
    {
        await using var admin = await StartAsync(new GatewayReadiness());
        Assert.Equal(status, (await GetAsync(admin, "/healthz", host)).Status);
        Assert.Equal(status, (await GetAsync(admin, "/metrics", host)).Status);
    }

    [Fact]
    public void An_endpoint_on_every_address_answers_to_any_address_and_still_to_no_name()
    {
        AdminHostFilter filter = new(IPAddress.Any);

        Assert.True(filter.IsAllowed("192.0.2.1"));
        Assert.False(filter.IsAllowed("rebound.example"));
        Assert.False(filter.IsAllowed(""));
    }

    [Fact]
    public async Task A_port_that_is_taken_is_named()
    {
        using TcpListener taken = new(IPAddress.Loopback, 0);
        taken.Start();
        AdminSettings settings = new((IPEndPoint)taken.LocalEndpoint);

        var failure = await Assert.ThrowsAsync<IOException>(() =>
            AdminServer.StartAsync(
                settings,
                TelemetrySettings.Off,
                new GatewayReadiness(),
                NullLoggerFactory.Instance,
                static () => null,
                static () => null,
                TestContext.Current.CancellationToken
            )
        );

        Assert.Contains($"admin.bind {taken.LocalEndpoint}", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/connections")]
    [InlineData("/connections/0-1")]
    [InlineData("/listeners")]
    [InlineData("/certificates")]
    [InlineData("/configuration")]
    public async Task Before_the_gateway_runs_it_says_so(string path)
    {
        await using var admin = await StartAsync(new GatewayReadiness());
        using HttpClient client = new();
        var answer = await client.GetAsync(new Uri($"http://{admin.EndPoint}{path}"), TestContext.Current.CancellationToken);
        Assert.Equal(
            (HttpStatusCode.ServiceUnavailable, "application/problem+json"),
            (answer.StatusCode, answer.Content.Headers.ContentType?.MediaType)
        );
    }

    [Theory]
    [InlineData("GET", "/metrics", "", HttpStatusCode.Unauthorized)]
    [InlineData("GET", "/metrics", "Bearer the-wrong-token-0123", HttpStatusCode.Unauthorized)]
    [InlineData("GET", "/metrics", "Basic reader-token-0123456", HttpStatusCode.Unauthorized)]
    [InlineData("GET", "/metrics", "Bearer reader-token-0123456", HttpStatusCode.OK)]
    [InlineData("GET", "/metrics", "bearer admin-token-01234567", HttpStatusCode.OK)]
    [InlineData("POST", "/connections/0-1/close", "", HttpStatusCode.Unauthorized)]
    [InlineData("POST", "/connections/0-1/close", "Bearer reader-token-0123456", HttpStatusCode.Forbidden)]
    [InlineData("POST", "/connections/0-1/close", "Bearer admin-token-01234567", HttpStatusCode.ServiceUnavailable)]
    [InlineData("PUT", "/log", "Bearer reader-token-0123456", HttpStatusCode.Forbidden)]
    [InlineData("DELETE", "/metrics", "Bearer reader-token-0123456", HttpStatusCode.Forbidden)]
    [InlineData("GET", "/livez", "", HttpStatusCode.OK)]
    [InlineData("GET", "/healthz", "", HttpStatusCode.OK)]
    [InlineData("GET", "/readyz", "Bearer whatever", HttpStatusCode.ServiceUnavailable)]
    [InlineData("GET", "/livez/../metrics", "", HttpStatusCode.Unauthorized)]
    [InlineData("GET", "/livez%2f..%2fmetrics", "", HttpStatusCode.Unauthorized)]
    [InlineData("GET", "//livez", "", HttpStatusCode.Unauthorized)]
    [InlineData("GET", "/LIVEZ", "", HttpStatusCode.Unauthorized)]
    public async Task A_token_says_who_may_do_what(string method, string path, string authorization, HttpStatusCode status)
    {
        await using var admin = await StartAsync(new GatewayReadiness(), tokens: Tokens);
        Assert.Equal(status, await AskAsync(admin, method, path, authorization));
    }

    [Fact]
    public async Task Guessing_is_bounded_and_does_not_shut_out_who_has_a_token()
    {
        await using var admin = await StartAsync(new GatewayReadiness(), tokens: Tokens);
        for (var i = 0; i < 10; i++)
        {
            Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(admin, "GET", "/metrics", $"Bearer guess-number-{i:d10}"));
        }
        Assert.Equal(HttpStatusCode.TooManyRequests, await AskAsync(admin, "GET", "/metrics", "Bearer guess-number-eleven"));
        Assert.Equal(HttpStatusCode.OK, await AskAsync(admin, "GET", "/metrics", "Bearer reader-token-0123456"));
        Assert.Equal(HttpStatusCode.OK, await AskAsync(admin, "GET", "/livez", ""));
    }

    [Fact]
    public async Task Tokens_are_replaced_while_it_serves()
    {
        await using var admin = await StartAsync(new GatewayReadiness(), tokens: Tokens);
        admin.Use(AccessOf(["the-next-reader-token"], []));
        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(admin, "GET", "/metrics", "Bearer reader-token-0123456"));
        Assert.Equal(HttpStatusCode.OK, await AskAsync(admin, "GET", "/metrics", "Bearer the-next-reader-token"));
    }

    [Fact]
    public async Task A_token_is_enough_by_any_name()
    {
        await using var admin = await StartAsync(new GatewayReadiness(), tokens: Tokens);
        using HttpClient client = new();
        using HttpRequestMessage request = new(HttpMethod.Get, $"http://{admin.EndPoint}/metrics");
        request.Headers.Host = "gateway-0.gateway.svc";
        request.Headers.Authorization = new("Bearer", "reader-token-0123456");
        var answer = await client.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    [Theory]
    [InlineData("/", "", HttpStatusCode.Redirect)]
    [InlineData("/ui/connections", "", HttpStatusCode.Redirect)]
    [InlineData("/ui/connections", "Bearer reader-token-0123456", HttpStatusCode.OK)]
    [InlineData("/ui/login", "", HttpStatusCode.OK)]
    [InlineData("/_content/LiveView/live.css", "", HttpStatusCode.Unauthorized)]
    [InlineData("/_framework/blazor.web.js", "", HttpStatusCode.Unauthorized)]
    [InlineData("/_blazor", "", HttpStatusCode.Unauthorized)]
    [InlineData("/ui/../metrics", "", HttpStatusCode.Unauthorized)]
    [InlineData("/uix", "", HttpStatusCode.Unauthorized)]
    public async Task The_live_view_leads_people_without_a_token_to_its_door(string path, string authorization, HttpStatusCode status)
    {
        await using var admin = await StartAsync(new GatewayReadiness(), tokens: Tokens);
        Assert.Equal(status, await AskAsync(admin, "GET", path, authorization));
    }

    [Fact]
    public async Task A_session_is_its_tokens_and_ends_with_it()
    {
        await using var admin = await StartAsync(new GatewayReadiness(), tokens: Tokens);
        using var client = Client(admin, followRedirects: false);
        var (status, cookie) = await LogInAsync(client, "reader-token-0123456");
        Assert.Equal(HttpStatusCode.Redirect, status);
        Assert.Contains("httponly", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("samesite=strict", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(client, HttpMethod.Get, "/metrics"));
        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(client, HttpMethod.Post, "/connections/0-1/close"));
        admin.Use(AccessOf(["the-next-reader-token"], []));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(client, HttpMethod.Get, "/metrics"));
    }

    [Fact]
    public async Task Guesses_at_the_door_are_bounded_and_do_not_shut_out_who_has_a_token()
    {
        await using var admin = await StartAsync(new GatewayReadiness(), tokens: Tokens);
        using var client = Client(admin, followRedirects: false);
        List<HttpStatusCode> answers = [];
        for (var i = 0; i < 12; i++)
        {
            answers.Add((await LogInAsync(client, $"guess-number-{i:000}-of-many")).Status);
        }
        Assert.Equal(10, answers.Count(static answer => answer == HttpStatusCode.Unauthorized));
        Assert.Equal(HttpStatusCode.TooManyRequests, answers[^1]);
        Assert.Equal(HttpStatusCode.TooManyRequests, (await LogInAsync(client, new string('x', 10_000))).Status);
        Assert.Equal(HttpStatusCode.Redirect, (await LogInAsync(client, "admin-token-01234567")).Status);
    }

    /// <summary>A WebSocket is not held back by the same-origin policy.</summary>
    [Theory]
    [InlineData("/_blazor", "GET")]
    [InlineData("/_blazor/negotiate", "POST")]
    public async Task An_open_pages_channel_is_for_pages_of_this_site(string path, string method)
    {
        await using var admin = await StartAsync(new GatewayReadiness());
        using var client = Client(admin);
        Assert.NotEqual(HttpStatusCode.Forbidden, await StatusAsync(client, new HttpMethod(method), path, $"http://{admin.EndPoint}"));
        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(client, new HttpMethod(method), path, "http://elsewhere.example"));
    }

    [Fact]
    public async Task Pages_run_no_script_but_their_own_and_are_in_no_frame()
    {
        await using var admin = await StartAsync(new GatewayReadiness());
        using var client = Client(admin);
        using var answer = await client.GetAsync(new Uri("/ui", UriKind.Relative), TestContext.Current.CancellationToken);
        var policy = Assert.Single(answer.Headers.GetValues("Content-Security-Policy"));
        Assert.Contains("default-src 'self'", policy, StringComparison.Ordinal);
        Assert.Contains("frame-ancestors 'none'", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe-eval", policy, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_live_view_can_be_left_out()
    {
        await using var admin = await StartAsync(new GatewayReadiness(), liveView: false);
        using var client = Client(admin);
        foreach (var path in new[] { "/", "/ui", "/_blazor", "/_framework/blazor.web.js" })
        {
            Assert.Equal(HttpStatusCode.NotFound, await StatusAsync(client, HttpMethod.Get, path));
        }
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(client, HttpMethod.Get, "/livez"));
    }

    private static HttpClient Client(AdminServer admin, bool followRedirects = true) =>
        new(new SocketsHttpHandler { AllowAutoRedirect = followRedirects }) { BaseAddress = new Uri($"http://{admin.EndPoint}") };

    private static async Task<HttpStatusCode> StatusAsync(HttpClient client, HttpMethod method, string path, string? origin = null)
    {
        using HttpRequestMessage request = new(method, new Uri(path, UriKind.Relative));
        if (origin is not null)
        {
            request.Headers.Add("Origin", origin);
        }
        using var answer = await client.SendAsync(request, TestContext.Current.CancellationToken);
        return answer.StatusCode;
    }

    private static async Task<(HttpStatusCode Status, string Cookie)> LogInAsync(HttpClient client, string token)
    {
        using FormUrlEncodedContent form = new([KeyValuePair.Create("token", token)]);
        using var answer = await client.PostAsync(new Uri("/ui/login", UriKind.Relative), form, TestContext.Current.CancellationToken);
        return (answer.StatusCode, answer.Headers.TryGetValues("Set-Cookie", out var cookies) ? string.Join('\n', cookies) : "");
    }

    private static AdminAccess AccessOf(string[] readers, string[] admins) => new(AdminTokens.Of(readers, admins));

    private static AdminTokens Tokens => AdminTokens.Of(["reader-token-0123456"], ["admin-token-01234567"]);

    private static async Task<HttpStatusCode> AskAsync(AdminServer admin, string method, string path, string authorization)
    {
        // As it stands: HttpClient would put a path in order.
        using TcpClient socket = new();
        await socket.ConnectAsync(admin.EndPoint, TestContext.Current.CancellationToken);
        await using var stream = socket.GetStream();
        var header = authorization.Length > 0 ? $"Authorization: {authorization}\r\n" : "";
        await stream.WriteAsync(
            System.Text.Encoding.ASCII.GetBytes(
                $"{method} {path} HTTP/1.1\r\nHost: localhost\r\n{header}Content-Length: 0\r\nConnection: close\r\n\r\n"
            ),
            TestContext.Current.CancellationToken
        );
        using StreamReader reader = new(stream);
        var line = await reader.ReadLineAsync(TestContext.Current.CancellationToken);
        return (HttpStatusCode)int.Parse(line!.Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture);
    }

    private static Task<AdminServer> StartAsync(GatewayReadiness readiness, AdminTokens? tokens = null, bool liveView = true) =>
        AdminServer.StartAsync(
            new AdminSettings(new IPEndPoint(IPAddress.Loopback, 0), new AdminAccess(tokens ?? AdminTokens.None), liveView),
            TelemetrySettings.Off,
            readiness,
            NullLoggerFactory.Instance,
            static () => null,
            static () => null,
            TestContext.Current.CancellationToken
        );

    private static async Task<(HttpStatusCode Status, string Text)> GetAsync(AdminServer admin, string path, string? host = null)
    {
        using HttpClient client = new();
        using HttpRequestMessage request = new(HttpMethod.Get, $"http://{admin.EndPoint}{path}");
        request.Headers.Host = host;
        using var response = await client.SendAsync(request, TestContext.Current.CancellationToken);
        return (response.StatusCode, await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }
}
