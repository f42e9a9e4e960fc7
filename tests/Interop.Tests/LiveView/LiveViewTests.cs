using System.Net;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;
using TlsGateway.Gateway.Commands.Top;
using TlsGateway.Interop.Tests.Support;
using TlsGateway.Tls;
using static Microsoft.Playwright.Assertions;

namespace TlsGateway.Interop.Tests.LiveView;

/// <summary>The live view as people see it: in a browser.</summary>
public sealed class LiveViewTests : IDisposable
{
    private static readonly string[] Pages =
    [
        "",
        "/connections",
        "/stalls",
        "/listeners",
        "/upstreams",
        "/certificates",
        "/usage",
        "/fleet",
    ];

    private readonly TestCertificates _certificates = new();
    private readonly List<string> _errors = [];

    public void Dispose() => _certificates.Dispose();

    [Theory]
    [InlineData("light", ColorScheme.Light, 1400)]
    [InlineData("dark", ColorScheme.Dark, 1400)]
    [InlineData("phone", ColorScheme.Light, 390)]
    public async Task Every_page_can_be_read_by_everybody(string name, ColorScheme scheme, int width)
    {
        await using var browser = await Browser.StartAsync();
        await using var upstream = TestUpstream.Echo();
        await using var gateway = await StartAsync(upstream);
        using var stalled = Stalled(gateway);
        using var idle = EngineClient.Open(new(IPAddress.Loopback, gateway.Port), TlsVersion.Tls12);
        idle.AssertEchoes("idle");
        var page = await browser.OpenAsync(_errors, scheme, width);
        foreach (var path in Pages)
        {
            await page.GotoAsync($"{gateway.Admin}ui{path}");
            await Expect(page.Locator("h1")).ToBeVisibleAsync();
            await Browser.PictureAsync(page, $"{name}{path.Replace('/', '-')}");
            await AssertAccessibleAsync(page);
            await AssertFitsAsync(page);
        }

        await page.GotoAsync($"{gateway.Admin}ui/connections");
        await page.Locator("#connections tbody a").First.ClickAsync();
        await Expect(page.Locator("#stall-bars")).ToBeVisibleAsync();
        await Browser.PictureAsync(page, $"{name}-connection");
        await AssertAccessibleAsync(page);
        await AssertFitsAsync(page);
        Assert.Empty(_errors);
    }

    [Fact]
    public async Task It_shows_the_fleet_member_by_member()
    {
        await using var browser = await Browser.StartAsync();
        await using var upstream = TestUpstream.Echo();
        var member = $"127.0.0.1:{FreePort()}";
        await using var gateway = await StartAsync(upstream, cluster: $"cluster: {{ bind: \"{member}\", seeds: [\"{member}\"] }}");
        using var open = EngineClient.Open(new(IPAddress.Loopback, gateway.Port));
        open.AssertEchoes("open");
        var page = await browser.OpenAsync(_errors);
        await page.GotoAsync($"{gateway.Admin}ui/fleet");
        await Expect(page.Locator("#standing")).ToHaveTextAsync("member");
        var row = page.Locator("#members tbody tr");
        await Expect(row).ToHaveCountAsync(1);
        await Expect(row).ToContainTextAsync("(this one)");
        await Expect(row).ToContainTextAsync(member);
        await Expect(row).ToContainTextAsync("makes the keys");
        await Expect(row.Locator("[data-label='ticket key']")).ToContainTextAsync("fleet");
        await Expect(row.Locator("[data-label='open']")).ToHaveTextAsync("1");
        await Expect(page.Locator(".lv-banner")).ToHaveCountAsync(0);
        await Browser.PictureAsync(page, "fleet-member");
        await AssertAccessibleAsync(page);
        await AssertFitsAsync(page);
        Assert.Empty(_errors);
    }

    [Fact]
    public async Task It_shows_what_the_gateway_does()
    {
        await using var browser = await Browser.StartAsync();
        await using var upstream = TestUpstream.Echo();
        await using var gateway = await StartAsync(upstream);
        var page = await browser.OpenAsync(_errors);
        await page.GotoAsync($"{gateway.Admin}");
        await Expect(page.Locator("#open")).ToHaveTextAsync("0");
        using var idle = EngineClient.Open(new(IPAddress.Loopback, gateway.Port), TlsVersion.Tls12);
        idle.AssertEchoes("idle");
        using var stalled = Stalled(gateway);
        // Nothing is reloaded: it is live.
        await Expect(page.Locator("#open")).ToHaveTextAsync("2");
        await Expect(page.Locator("#stalled")).ToHaveTextAsync("1");
        await Expect(page.Locator("#stalled + dd")).ToHaveTextAsync("client 1, upstream 0, self 0");

        await page.GetByRole(AriaRole.Link, new() { Name = "Connections" }).ClickAsync();
        var rows = page.Locator("#connections tbody tr");
        await Expect(rows).ToHaveCountAsync(2);
        // The oldest first; only one of them is stalled.
        await Expect(rows.First).ToContainTextAsync("read_blocked_on_read");
        var sort = page.GetByRole(AriaRole.Button, new() { Name = "for", Exact = true });
        await sort.FocusAsync();
        await page.Keyboard.PressAsync("Enter");
        await Expect(rows).ToHaveCountAsync(1);
        await Expect(rows.First).ToContainTextAsync("client read WANT_READ");
        await Expect(page.Locator("th[aria-sort=descending]")).ToHaveTextAsync("for");

        await rows.First.GetByRole(AriaRole.Link).ClickAsync();
        await Expect(page.Locator("#stall-bars .lv-client")).ToHaveCountAsync(1);
        await Expect(page.GetByText("handshake", new() { Exact = false }).First).ToBeVisibleAsync();
        stalled.Flush();
        _ = stalled.Receive(100);
        await Expect(page.Locator("#past tbody tr").First).ToContainTextAsync("WANT_READ");
        stalled.CloseCleanly();
        await Expect(page.GetByText("It has ended.")).ToBeVisibleAsync();

        await page.GetByRole(AriaRole.Link, new() { Name = "Who uses what" }).ClickAsync();
        await Expect(page.Locator("section", new() { HasText = "TLS 1.2" }).First).ToContainTextAsync("127.0.0.1");
        await Expect(page.Locator("section", new() { HasText = "Most stalled" })).ToContainTextAsync("localhost");
        Assert.Empty(_errors);
    }

    [Fact]
    public async Task It_says_what_metrics_and_api_say()
    {
        await using var browser = await Browser.StartAsync();
        await using var upstream = TestUpstream.Echo();
        await using var gateway = await StartAsync(upstream);
        using (var stalled = Stalled(gateway))
        {
            await UntilSumAsync(gateway, "gateway_stalled_connections", 1);
            stalled.Flush();
            _ = stalled.Receive(100);
            stalled.CloseCleanly();
        }

        await UntilSumAsync(gateway, "gateway_active_connections", 0);
        var page = await browser.OpenAsync(_errors);
        await page.GotoAsync($"{gateway.Admin}ui/stalls");
        var row = page.Locator("#stalls tbody tr", new() { HasText = "read" })
            .Filter(new() { HasText = "downstream" })
            .Filter(new() { HasText = "client" })
            .First;
        var shown = (await row.Locator("td[data-label=time]").GetAttributeAsync("title"))!;
        var exported = await SumAsync(
            gateway,
            "gateway_stall_time_seconds_total",
            "operation=\"read\"",
            "want=\"read\"",
            "leg=\"downstream\"",
            "cause=\"client\""
        );
        Assert.Equal($"{exported:0.000} s", shown);
        await page.GotoAsync($"{gateway.Admin}ui");
        await Expect(page.Locator("#accepted")).ToHaveTextAsync($"{await SumAsync(gateway, "gateway_connections_total")}");
    }

    [Fact]
    public async Task A_thousand_connections_come_in_pages()
    {
        const int Connections = 1000;
        await using var browser = await Browser.StartAsync();
        await using var upstream = TestUpstream.Echo();
        await using var gateway = await StartAsync(upstream);
        var sockets = Enumerable
            .Range(0, Connections)
            .Select(_ => EngineClient.ConnectSocket(new IPEndPoint(IPAddress.Loopback, gateway.Port)))
            .ToList();
        try
        {
            var page = await browser.OpenAsync(_errors);
            await page.GotoAsync($"{gateway.Admin}ui/connections");
            await Expect(page.Locator("#range")).ToHaveTextAsync("1 to 25 of 1,000");
            await Expect(page.Locator("#connections tbody tr")).ToHaveCountAsync(25);
            var first = await page.Locator("#connections tbody tr td").First.TextContentAsync();
            await page.GetByLabel("Next page").ClickAsync();
            await Expect(page.Locator("#range")).ToHaveTextAsync("26 to 50 of 1,000");
            await Expect(page.Locator("#connections tbody tr td").First).Not.ToHaveTextAsync(first!);
            await page.GetByLabel("client network").FillAsync("192.0.2.0/24");
            await page.Keyboard.PressAsync("Enter");
            await Expect(page.Locator("#range")).ToHaveTextAsync("none");
            await page.GetByLabel("client network").FillAsync(first!);
            await page.Keyboard.PressAsync("Enter");
            await Expect(page.Locator("h1")).ToHaveTextAsync($"Connection {first}");
            Assert.Empty(_errors);
        }
        finally
        {
            sockets.ForEach(static socket => socket.Dispose());
        }
    }

    [Fact]
    public async Task An_open_page_survives_a_restart_of_the_gateway()
    {
        await using var browser = await Browser.StartAsync();
        await using var upstream = TestUpstream.Echo();
        var page = await browser.OpenAsync(_errors);
        string admin;
        await using (var first = await StartAsync(upstream))
        {
            admin = first.Admin.Authority;
            await page.GotoAsync($"{first.Admin}ui");
            using var client = EngineClient.Open(new(IPAddress.Loopback, first.Port));
            await Expect(page.Locator("#accepted")).ToHaveTextAsync("1");
        }

        await using var second = await StartAsync(upstream, admin);
        await Expect(page.Locator("#accepted")).ToHaveTextAsync("0");
        using var again = EngineClient.Open(new(IPAddress.Loopback, second.Port));
        await Expect(page.Locator("#open")).ToHaveTextAsync("1");
    }

    [Fact]
    public async Task A_token_opens_the_door_and_its_end_closes_it()
    {
        await using var browser = await Browser.StartAsync();
        await using var upstream = TestUpstream.Echo();
        var token = Path.Combine(_certificates.Folder, "token");
        await File.WriteAllTextAsync(token, "a-token-for-readers\n");
        await using var gateway = await StartAsync(upstream, more: ", readTokenFile: token");
        var page = await browser.OpenAsync(_errors);
        await page.GotoAsync($"{gateway.Admin}ui/connections");
        await Expect(page.GetByLabel("A token")).ToBeVisibleAsync();
        await AssertAccessibleAsync(page);
        await page.GetByLabel("A token").FillAsync("not-a-token-at-all");
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.GetByRole(AriaRole.Alert)).ToHaveTextAsync("This is no token of this gateway.");
        await Browser.PictureAsync(page, "login");
        await page.GetByLabel("A token").FillAsync("a-token-for-readers");
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Locator("#open")).ToHaveTextAsync("0");
        var cookie = Assert.Single(await page.Context.CookiesAsync(), static one => one.Name == "gateway-session");
        Assert.True(cookie.HttpOnly && cookie.SameSite == SameSiteAttribute.Strict, "no script has it, and no other site sends it");
        Assert.DoesNotContain("a-token", cookie.Value, StringComparison.Ordinal);

        await page.GetByRole(AriaRole.Button, new() { Name = "Log out" }).ClickAsync();
        await Expect(page.GetByLabel("A token")).ToBeVisibleAsync();
        await page.GetByLabel("A token").FillAsync("a-token-for-readers");
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Locator("#open")).ToHaveTextAsync("0");
        await File.WriteAllTextAsync(token, "another-token-for-readers\n");
        await gateway.SignalAsync("HUP");
        await gateway.Program.ExpectAsync("generation 2");
        await page.ReloadAsync();
        await Expect(page.GetByLabel("A token")).ToBeVisibleAsync();
        Assert.DoesNotContain("a-token-for-readers", gateway.Program.Output.Text + gateway.Program.Errors.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_theme_that_was_chosen_is_remembered()
    {
        await using var browser = await Browser.StartAsync();
        await using var upstream = TestUpstream.Echo();
        await using var gateway = await StartAsync(upstream);
        var page = await browser.OpenAsync(_errors);
        await page.GotoAsync($"{gateway.Admin}ui");
        await page.GetByLabel("Use the dark theme").ClickAsync();
        await Expect(page.GetByLabel("Use the light theme")).ToBeVisibleAsync();
        await page.ReloadAsync();
        await Expect(page.GetByLabel("Use the light theme")).ToBeVisibleAsync();
        Assert.Empty(_errors);
    }

    private static async Task UntilSumAsync(GatewayProgram gateway, string name, double expected)
    {
        using var patience = new CancellationTokenSource(RunningGateway.Patience);
        using var poll = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (await SumAsync(gateway, name) != expected)
            await poll.WaitForNextTickAsync(patience.Token);
    }

    private static async Task<double> SumAsync(GatewayProgram gateway, string name, params string[] labels)
    {
        using var http = new HttpClient();
        return new MetricsText(await http.GetStringAsync(new Uri(gateway.Admin, "/metrics"))).Sum(name, labels);
    }

    private static async Task AssertAccessibleAsync(IPage page)
    {
        var found = await page.RunAxe();
        Assert.True(
            found.Violations.Length == 0,
            $"{page.Url}\n{string.Join('\n', found.Violations.Select(static v => $"{v.Id}: {v.Help}: {string.Join(" | ", v.Nodes.Take(3).Select(static node => node.Html))}"))}"
        );
    }

    /// <summary>Nothing is wider than the window.</summary>
    private static async Task AssertFitsAsync(IPage page) =>
        Assert.Equal(
            0,
            await page.EvaluateAsync<int>("Math.max(0, document.documentElement.scrollWidth - document.documentElement.clientWidth)")
        );

    private static EngineClient Stalled(GatewayProgram gateway)
    {
        var client = EngineClient.Open(new(IPAddress.Loopback, gateway.Port));
        client.AssertEchoes("stalls");
        Assert.Equal(TlsStatus.Done, client.Session.Write(new byte[100], out _));
        client.FlushFirst(50);
        return client;
    }

    private static int FreePort()
    {
        using System.Net.Sockets.TcpListener free = new(IPAddress.Loopback, 0);
        free.Start();
        return ((IPEndPoint)free.LocalEndpoint).Port;
    }

    private async Task<GatewayProgram> StartAsync(
        TestUpstream upstream,
        string admin = "127.0.0.1:0",
        string more = "",
        string cluster = ""
    )
    {
        var pem = Path.Combine(_certificates.Folder, "server.pem");
        await File.WriteAllTextAsync(pem, _certificates.Localhost.ChainPem + "\n" + _certificates.Localhost.KeyPem);
        return await GatewayProgram.StartAsync(
            _certificates.Folder,
            $$"""
            admin: { bind: "{{admin}}"{{more}} }
            {{cluster}}
            listeners:
              - { name: web, bind: 127.0.0.1:0, upstream: echo, tls: { certificates: [ { certificate: {{pem}}, key: {{pem}} } ] } }
            upstreams:
              echo: { address: "{{upstream.EndPoint}}" }
            """
        );
    }
}
