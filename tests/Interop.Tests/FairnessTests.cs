using TlsGateway.Actors;
using TlsGateway.Interop.Tests.Support;

namespace TlsGateway.Interop.Tests;

/// <summary>A loop serves all of its connections, whatever one of them does.</summary>
public sealed class FairnessTests : IDisposable
{
    private const byte Stream = (byte)'S';

    private readonly TestCertificates _certificates = new();

    public void Dispose() => _certificates.Dispose();

    [Fact]
    public async Task Fifty_connections_echo_while_one_streams_at_full_speed_on_the_same_loop()
    {
        const int Others = 50;
        const int Rounds = 20;
        await using var upstream = StreamOrEcho();
        await using var gateway = await RunningGateway.StartAsync(
            RunningGateway.Listener(_certificates.Localhost, upstream.EndPoint),
            loops: 1
        );
        using var streaming = EngineClient.Open(gateway.EndPoint);
        streaming.Send([Stream]);
        var streamed = new Counter();
        using var stop = new CancellationTokenSource();
        var reading = Task.Factory.StartNew(
            () =>
            {
                while (!stop.IsCancellationRequested)
                    streamed.Add(streaming.Receive(64 * 1024).Length);
            },
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default
        );

        var message = Seeded.Bytes(1, 1024);
        var others = new List<EngineClient>();
        for (var i = 0; i < Others; i++)
            others.Add(EngineClient.Open(gateway.EndPoint));
        var before = streamed.Value;
        for (var round = 0; round < Rounds; round++)
        {
            foreach (var other in others)
                other.Send(message);
            foreach (var other in others)
                Assert.Equal(message, other.Receive(message.Length));
        }

        Assert.True(streamed.Value > before, "the stream stood still meanwhile");
        foreach (var other in others)
        {
            other.CloseCleanly();
            other.Dispose();
        }

        await gateway.UntilClosedAsync(CloseReason.Completed, Others);
        await stop.CancelAsync();
        await reading.WaitAsync(RunningGateway.Patience);
        streaming.Reset();
        await gateway.UntilClosedAsync(CloseReason.ClientReset);
    }

    /// <summary>A first byte S: sends without end. Anything else: echoes it and what follows.</summary>
    private static TestUpstream StreamOrEcho() =>
        new(async socket =>
        {
            var buffer = new byte[64 * 1024];
            var read = await socket.ReceiveAsync(buffer);
            while (read > 0 && buffer[0] == Stream)
                await TestUpstream.SendAllAsync(socket, buffer);
            for (; read > 0; read = await socket.ReceiveAsync(buffer))
                await TestUpstream.SendAllAsync(socket, buffer.AsMemory(0, read));
        });
}
