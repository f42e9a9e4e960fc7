using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using TlsGateway.Gateway.Tests.Support;

namespace TlsGateway.Gateway.Tests.Commands;

/// <summary>Signals, sent to a gateway in a process of its own.</summary>
public sealed partial class SignalTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Hangup_reloads_a_good_file_and_refuses_a_bad_one_and_the_first_terminate_drains()
    {
        var file = _folder.Write("g.yaml", Yaml("demo"));
        await using var gateway = GatewayProcessFixture.Start(_folder.Path, file);
        await gateway.WaitForLineAsync("generation 1");

        _folder.Write("g.yaml", Yaml("nothing"));
        gateway.Signal("HUP");
        await gateway.WaitForLineAsync("upstream 'nothing' does not exist");
        await gateway.WaitForLineAsync("still serving generation 1");

        _folder.Write("g.yaml", Yaml("demo") + "drain: { timeout: 4s }\n");
        gateway.Signal("HUP");
        await gateway.WaitForLineAsync("Serving generation 2");

        gateway.Signal("TERM");
        await gateway.WaitForLineAsync("draining for up to 4 s");
        Assert.Equal(0, await gateway.WaitForExitAsync());
    }

    [Fact]
    public async Task A_second_signal_stops_at_once_with_143()
    {
        var file = _folder.Write("g.yaml", Yaml("demo") + "drain: { timeout: 1h }\n");
        await using var gateway = GatewayProcessFixture.Start(_folder.Path, file);
        var line = await gateway.WaitForLineAsync("listener https on ");
        var endPoint = IPEndPoint.Parse(EndPoint().Match(line).Value);
        // A connection that is in its handshake keeps the drain waiting.
        using TcpClient client = new();
        await client.ConnectAsync(endPoint, TestContext.Current.CancellationToken);
        await client.GetStream().WriteAsync(new byte[] { 22, 3, 1 }, TestContext.Current.CancellationToken);

        gateway.Signal("INT");
        await gateway.WaitForLineAsync("SIGINT received: draining");
        gateway.Signal("TERM");

        Assert.Equal(143, await gateway.WaitForExitAsync());
    }

    private static string Yaml(string upstream) =>
        Loader
            .Minimal.Replace("127.0.0.1:8443", "127.0.0.1:0", StringComparison.Ordinal)
            .Replace("upstream: demo", $"upstream: {upstream}", StringComparison.Ordinal) + "admin: { bind: 127.0.0.1:0 }\neventLoops: 1\n";

    [GeneratedRegex(@"127\.0\.0\.1:\d+", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex EndPoint();
}
