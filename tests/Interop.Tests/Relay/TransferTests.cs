using System.Net.Sockets;
using System.Security.Authentication;
using TlsGateway.Actors;
using TlsGateway.Interop.Tests.Support;

namespace TlsGateway.Interop.Tests.Relay;

/// <summary>Much data, and many connections.</summary>
public sealed class TransferTests : IDisposable
{
    private const long Bytes = 100L * 1024 * 1024;
    private const ulong UpSeed = 11;
    private const ulong DownSeed = 12;

    private readonly TestCertificates _certificates = new();

    public void Dispose() => _certificates.Dispose();

    [Theory]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    public async Task A_hundred_megabytes_each_way_at_once_arrive_whole(SslProtocols version)
    {
        var received = new TaskCompletionSource<(long Bytes, byte[] Hash)>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var upstream = new TestUpstream(async socket =>
        {
            var sending = SeededBytes.SendAsync(DownSeed, Bytes, data => new ValueTask(TestUpstream.SendAllAsync(socket, data)));
            received.SetResult(await SeededBytes.ReceiveAsync(buffer => socket.ReceiveAsync(buffer)));
            await sending;
            socket.Shutdown(SocketShutdown.Send);
        });
        await using var gateway = await RunningGateway.StartAsync(RunningGateway.Listener(_certificates.Localhost, upstream.EndPoint));
        await using var client = await SslStreamClient.ConnectAsync(gateway, _certificates, version);
        var reading = SeededBytes.ReceiveAsync(buffer => client.Stream.ReadAsync(buffer));
        var sent = await SeededBytes.SendAsync(UpSeed, Bytes, data => client.Stream.WriteAsync(data)).WaitAsync(RunningGateway.Patience);
        await client.Stream.ShutdownAsync();

        var up = await received.Task.WaitAsync(RunningGateway.Patience);
        var down = await reading.WaitAsync(RunningGateway.Patience);
        Assert.Equal((Bytes, Convert.ToHexString(sent)), (up.Bytes, Convert.ToHexString(up.Hash)));
        var expected = await SeededBytes.SendAsync(DownSeed, Bytes, static _ => ValueTask.CompletedTask);
        Assert.Equal((Bytes, Convert.ToHexString(expected)), (down.Bytes, Convert.ToHexString(down.Hash)));
        await gateway.UntilClosedAsync(CloseReason.Completed);
        Assert.Equal((Bytes, Bytes), (gateway.Count(c => c.UpstreamSentBytes), gateway.Count(c => c.UpstreamReceivedBytes)));
    }

    [Fact]
    public async Task A_thousand_connections_at_once_each_echo()
    {
        const int Connections = 1000;
        await using var upstream = TestUpstream.Echo();
        var listener = RunningGateway.Listener(_certificates.Localhost, upstream.EndPoint);
        // All handshakes begin together and the clients share the machine: the last one's turn may come late.
        listener = listener with
        {
            HandshakeTimeout = RunningGateway.Patience,
        };
        await using var gateway = await RunningGateway.StartAsync(listener);
        var connecting = Enumerable.Range(0, Connections).Select(_ => SslStreamClient.ConnectAsync(gateway, _certificates)).ToList();
        var clients = await Task.WhenAll(connecting);
        Assert.Equal(Connections, gateway.Host.OpenConnections);
        await Task.WhenAll(clients.Select((client, i) => client.EchoAsync($"I am connection {i}")));
        await Task.WhenAll(clients.Select(client => client.CloseAsync()));
        await gateway.UntilClosedAsync(CloseReason.Completed, Connections);
        foreach (var client in clients)
            await client.DisposeAsync();
    }
}
