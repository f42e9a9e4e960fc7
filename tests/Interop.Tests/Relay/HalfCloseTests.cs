using System.Net.Sockets;
using System.Text;
using TlsGateway.Actors;
using TlsGateway.Interop.Tests.Support;
using TlsGateway.Tls;

namespace TlsGateway.Interop.Tests.Relay;

/// <summary>One side ends, the other goes on (RFC 8446 §6.1; TLS 1.2 gateways that only relay do the same).</summary>
public sealed class HalfCloseTests : IDisposable
{
    private const int AnswerBytes = 5 * 1024 * 1024;

    private readonly TestCertificates _certificates = new();

    public void Dispose() => _certificates.Dispose();

    [Theory]
    [InlineData(TlsVersion.Tls12)]
    [InlineData(TlsVersion.Tls13)]
    public async Task A_client_that_ended_first_gets_the_whole_answer(TlsVersion version)
    {
        string? question = null;
        await using var upstream = new TestUpstream(async socket =>
        {
            // The answer begins only when the question has ended, as `nc -N` and many batch protocols have it.
            question = await ReadToEndAsync(socket);
            await TestUpstream.SendAllAsync(socket, SeededBytes.Make(seed: 21, AnswerBytes));
            socket.Shutdown(SocketShutdown.Send);
        });
        await using var gateway = await RunningGateway.StartAsync(RunningGateway.Listener(_certificates.Localhost, upstream.EndPoint));
        using var client = EngineClient.Open(gateway.EndPoint, version);
        client.Send("question"u8);
        client.Shutdown();
        var answer = client.Receive(AnswerBytes);
        Assert.Equal(TlsStatus.Closed, client.ReadToEnd());
        Assert.Equal("question", question);
        Assert.True(answer.AsSpan().SequenceEqual(SeededBytes.Make(seed: 21, AnswerBytes)), "the answer is not what the upstream sent");
        await gateway.UntilClosedAsync(CloseReason.Completed);
    }

    [Theory]
    [InlineData(TlsVersion.Tls12)]
    [InlineData(TlsVersion.Tls13)]
    public async Task A_client_may_go_on_sending_after_the_upstream_ended(TlsVersion version)
    {
        var received = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var upstream = new TestUpstream(async socket =>
        {
            await TestUpstream.SendAllAsync(socket, Encoding.UTF8.GetBytes("go on"));
            socket.Shutdown(SocketShutdown.Send);
            received.SetResult(await ReadToEndAsync(socket));
        });
        await using var gateway = await RunningGateway.StartAsync(RunningGateway.Listener(_certificates.Localhost, upstream.EndPoint));
        using var client = EngineClient.Open(gateway.EndPoint, version);
        client.Expect("go on");
        Assert.Equal(TlsStatus.Closed, client.ReadToEnd());
        Assert.Equal(1, gateway.Host.OpenConnections);
        client.Send("one "u8);
        client.Send("two"u8);
        client.Shutdown();
        Assert.Equal("one two", await received.Task.WaitAsync(RunningGateway.Patience));
        await gateway.UntilClosedAsync(CloseReason.Completed);
    }

    private static async Task<string> ReadToEndAsync(Socket socket)
    {
        var text = new StringBuilder();
        var buffer = new byte[1024];
        int read;
        while ((read = await socket.ReceiveAsync(buffer)) > 0)
            text.Append(Encoding.UTF8.GetString(buffer, 0, read));
        return text.ToString();
    }
}
