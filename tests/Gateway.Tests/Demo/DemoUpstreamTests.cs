using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using TlsGateway.Gateway.Demo;

namespace TlsGateway.Gateway.Tests.Demo;

public sealed class DemoUpstreamTests
{
    [Fact]
    public async Task It_shows_what_it_received()
    {
        await using var demo = await DemoUpstream.StartAsync(NullLoggerFactory.Instance, TestContext.Current.CancellationToken);
        using HttpClient client = new() { BaseAddress = new Uri($"http://{demo.EndPoint}") };
        using StringContent body = new("hello");
        body.Headers.Add("X-Probe", "42");

        using var response = await client.PostAsync("/some/path?q=1", body, TestContext.Current.CancellationToken);
        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);

        Assert.True(IPAddress.IsLoopback(demo.EndPoint.Address));
        Assert.Contains("POST /some/path?q=1 HTTP/1.1", text, StringComparison.Ordinal);
        Assert.Contains("X-Probe: 42", text, StringComparison.Ordinal);
        Assert.Contains("body: 5 bytes", text, StringComparison.Ordinal);
        Assert.Contains("from: 127.0.0.1:", text, StringComparison.Ordinal);
        Assert.Equal("text/plain", response.Content.Headers.ContentType?.MediaType);
    }

    [Fact]
    public async Task Echo_streams_the_body_back()
    {
        await using var demo = await DemoUpstream.StartAsync(NullLoggerFactory.Instance, TestContext.Current.CancellationToken);
        // More than any buffer on the way, and more than Kestrel's default limit for bodies (30 MB). HttpClient would not do: it reads only when all is sent.
        var sent = new byte[40_000_000];
        new Random(1).NextBytes(sent);
        using TcpClient client = new();
        await client.ConnectAsync(demo.EndPoint, TestContext.Current.CancellationToken);
        await using var stream = client.GetStream();
        await stream.WriteAsync(
            Encoding.ASCII.GetBytes($"POST /echo HTTP/1.1\r\nHost: demo\r\nConnection: close\r\nContent-Length: {sent.Length}\r\n\r\n"),
            TestContext.Current.CancellationToken
        );

        var sending = stream.WriteAsync(sent, TestContext.Current.CancellationToken).AsTask();
        using MemoryStream received = new();
        await stream.CopyToAsync(received, TestContext.Current.CancellationToken);
        await sending;

        var answer = received.ToArray();
        Assert.StartsWith("HTTP/1.1 200 OK\r\n", Encoding.ASCII.GetString(answer, 0, 64), StringComparison.Ordinal);
        Assert.True(answer.AsSpan()[^sent.Length..].SequenceEqual(sent));
    }
}
