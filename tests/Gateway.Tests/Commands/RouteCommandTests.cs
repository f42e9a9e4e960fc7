using TlsGateway.Gateway.Commands;
using TlsGateway.Gateway.Tests.Support;

namespace TlsGateway.Gateway.Tests.Commands;

public sealed class RouteCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly string _file;

    public RouteCommandTests() =>
        _file = _folder.Write(
            "routes.yaml",
            """
            listeners:
              - name: https
                bind: 127.0.0.1:8443
                upstream: demo
                routes:
                  - { name: office, from: [10.0.0.0/8], alpn: [h2], upstream: demo }
                  - { name: own, sni: ["*.own.test"], passthrough: raw }
                  - { name: never, sni: [never.test], reject: unrecognized_name }
                tls: { certificates: development }
            upstreams:
              demo: { address: embedded-demo }
              raw: { address: 192.0.2.7:443 }
            """
        );

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task It_says_which_route_and_why_not_those_above()
    {
        Assert.Equal(
            """
            office: no, the client's address 127.0.0.1 is in none of its networks
            own: no, server name never.test is none of *.own.test
            never: rejects with unrecognized_name(112), fits by server name

            """,
            await RouteAsync("--sni", "Never.test.")
        );
        Assert.Equal(
            """
            office: no, the client offers mqtt, not h2
            own: passes TLS through to raw, fits by server name

            """,
            await RouteAsync("--sni", "a.own.test", "--from", "10.1.2.3", "--alpn", "mqtt")
        );
        Assert.Equal(
            "office: terminates TLS and relays to demo, fits by address, ALPN\n",
            await RouteAsync("--from", "10.1.2.3", "--alpn", "mqtt", "--alpn", "h2")
        );
        Assert.EndsWith(
            "default: terminates TLS and relays to demo, takes all that is left\n",
            await RouteAsync(),
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData(new[] { "--listener", "http" }, "There is no listener http; there are: https. Did you mean https?")]
    [InlineData(new[] { "--from", "ten" }, "--from is 'ten', which is no address.")]
    [InlineData(new[] { "--client", "name=x" }, "--client is 'name=x'. Write one of commonName=")]
    public async Task A_wrong_argument_is_said(string[] args, string part)
    {
        var (code, _, error) = await InvokeAsync(args);
        Assert.Equal(ExitCode.ConfigurationError, code);
        Assert.StartsWith(part, error, StringComparison.Ordinal);
    }

    private async Task<string> RouteAsync(params string[] args)
    {
        var (code, output, error) = await InvokeAsync(args);
        Assert.Equal((0, ""), (code, error));
        return output;
    }

    private async Task<(int Code, string Output, string Error)> InvokeAsync(string[] args)
    {
        using StringWriter output = new() { NewLine = "\n" };
        using StringWriter error = new() { NewLine = "\n" };
        var code = await GatewayCommands.InvokeAsync(
            ["route", "--config", _file, .. args],
            output,
            error,
            Loader.World(_folder.Path),
            TestContext.Current.CancellationToken
        );
        return (code, output.ToString(), error.ToString());
    }
}
