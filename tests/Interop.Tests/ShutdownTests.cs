using System.Net.Sockets;
using TlsGateway.Actors;
using TlsGateway.Interop.Tests.Support;
using TlsGateway.Tls;

namespace TlsGateway.Interop.Tests;

/// <summary>The gateway ends a connection, and the client does not do its part.</summary>
public sealed class ShutdownTests : IDisposable
{
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(200);

    private readonly TestCertificates _certificates = new();

    public void Dispose() => _certificates.Dispose();

    [Theory]
    [InlineData(TlsVersion.Tls12)]
    [InlineData(TlsVersion.Tls13)]
    public async Task A_client_that_does_not_answer_the_close_of_an_idle_connection_is_closed_all_the_same(TlsVersion version)
    {
        await using var upstream = TestUpstream.Echo();
        await using var gateway = await RunningGateway.StartAsync(
            RunningGateway.Listener(_certificates.Localhost, upstream.EndPoint) with
            {
                IdleTimeout = Short,
                ShutdownTimeout = Short,
            }
        );
        using var client = EngineClient.Open(gateway.EndPoint, version);
        await gateway.UntilClosedAsync(CloseReason.IdleTimeout);
        // What it finds when it looks is a clean end.
        Assert.Equal(TlsStatus.Closed, client.ReadToEnd());
    }

    [Fact]
    public async Task A_client_that_does_not_close_after_its_upstream_failed_is_closed_all_the_same()
    {
        // Before the first byte a reset would be a failed connect.
        var reset = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var upstream = new TestUpstream(async socket =>
        {
            await TestUpstream.SendAllAsync(socket, new byte[1]);
            await reset.Task;
            EngineClient.Reset(socket);
        });
        await using var gateway = await RunningGateway.StartAsync(
            RunningGateway.Listener(_certificates.Localhost, upstream.EndPoint) with
            {
                ShutdownTimeout = Short,
            }
        );
        using var client = EngineClient.Open(gateway.EndPoint);
        _ = client.Receive(1);
        reset.SetResult();
        await gateway.UntilClosedAsync(CloseReason.UpstreamReset);
        // Not a clean end: the client has to know that the answer may be cut.
        Assert.Equal(TlsStatus.Error, client.ReadToEnd());
        Assert.Equal(TlsFailureKind.Truncated, client.Session.Failure.Kind);
    }

    [Fact]
    public async Task A_client_that_does_not_read_the_last_answer_is_closed_with_the_shutdown_timeout()
    {
        await using var upstream = new TestUpstream(async socket =>
        {
            await TestUpstream.SendAllAsync(socket, new byte[200_000]);
            socket.Shutdown(SocketShutdown.Send);
            _ = await socket.ReceiveAsync(new byte[1]);
        });
        await using var gateway = await RunningGateway.StartAsync(
            RunningGateway.Listener(_certificates.Localhost, upstream.EndPoint) with
            {
                ShutdownTimeout = Short,
                IdleTimeout = Short,
            }
        );
        using var client = EngineClient.Open(gateway.EndPoint, receiveBufferBytes: 4096);
        await gateway.UntilClosedAsync(CloseReason.IdleTimeout);
    }
}
