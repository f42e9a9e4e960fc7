using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using TlsGateway.Gateway.Commands;

namespace TlsGateway.Deploy.Tests;

/// <summary><c>gateway health</c>, which the image is asked by.</summary>
public sealed class HealthCommandTests
{
    [Theory]
    [InlineData("/readyz", 200, "ready", 0)]
    [InlineData("/readyz", 503, "draining", 1)]
    [InlineData("/livez", 200, "ok", 0, "--live")]
    public async Task What_the_gateway_answers_is_shown_and_is_the_exit_code(
        string path,
        int status,
        string body,
        int expected,
        params string[] arguments
    )
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(static kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        await using var server = builder.Build();
        server.Run(context =>
        {
            context.Response.StatusCode = context.Request.Path == path ? status : StatusCodes.Status404NotFound;
            return context.Response.WriteAsync(body + "\n");
        });
        await server.StartAsync(TestContext.Current.CancellationToken);

        var (code, output, error) = await RunAsync(["--admin", server.Urls.First(), .. arguments]);

        Assert.Equal((expected, body + "\n", ""), (code, output, error));
    }

    [Fact]
    public async Task Nobody_who_answers_is_a_failure_that_says_who_was_asked()
    {
        using Socket taken = new(SocketType.Stream, ProtocolType.Tcp);
        taken.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var url = $"http://127.0.0.1:{((IPEndPoint)taken.LocalEndPoint!).Port}";

        var (code, output, error) = await RunAsync(["--admin", url]);

        Assert.Equal((1, ""), (code, output));
        Assert.StartsWith($"{url}/readyz: ", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_address_that_is_no_URL_is_refused()
    {
        var (code, _, error) = await RunAsync(["--admin", "localhost:9901"]);

        Assert.Equal(2, code);
        Assert.Contains("is no URL such as http://127.0.0.1:9901", error, StringComparison.Ordinal);
    }

    private static async Task<(int Code, string Output, string Error)> RunAsync(string[] arguments)
    {
        using StringWriter output = new();
        using StringWriter error = new();
        var code = await GatewayCommands.InvokeAsync(["health", .. arguments], output, error, TestContext.Current.CancellationToken);
        return (code, output.ToString(), error.ToString());
    }
}
