using System.Net;
using System.Net.Sockets;
using System.Text;
using TlsGateway.Actors;
using TlsGateway.Actors.Settings;
using TlsGateway.Interop.Tests.Support;
using TlsGateway.Tls;

namespace TlsGateway.Interop.Tests.Upstreams;

/// <summary>Endpoints of every bad kind beside two that are well (nginx), under load.</summary>
public sealed class ChaosTests : IDisposable
{
    private const int Workers = 8;
    private const int Visits = 50;

    private readonly TestCertificates _certificates = new();

    public void Dispose() => _certificates.Dispose();

    [Theory]
    [InlineData(BalanceAlgorithm.RoundRobin)]
    [InlineData(BalanceAlgorithm.LeastConnections)]
    [InlineData(BalanceAlgorithm.RandomOfTwo)]
    [InlineData(BalanceAlgorithm.HashServerName)]
    public async Task No_client_fails_before_its_bytes_flow_while_an_endpoint_is_well(BalanceAlgorithm algorithm)
    {
        await using var first = await StartNginxAsync("first");
        await using var second = await StartNginxAsync("second");
        using var refusing = Bound();
        using var hung = Bound();
        hung.Listen(0);
        using var filling = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await filling.ConnectAsync(hung.LocalEndPoint!);
        await using var resetting = new TestUpstream(static socket =>
        {
            EngineClient.Reset(socket);
            return Task.CompletedTask;
        });
        await using var slow = new TestUpstream(static async socket =>
        {
            using var pause = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
            _ = await socket.ReceiveAsync(new byte[1024]);
            await pause.WaitForNextTickAsync();
            await TestUpstream.SendAllAsync(socket, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello"u8.ToArray());
            socket.Shutdown(SocketShutdown.Send);
            while (await socket.ReceiveAsync(new byte[1024]) > 0) { }
        });
        await using var gateway = await RunningGateway.StartAsync(
            RunningGateway.Listener(_certificates.Localhost, slow.EndPoint) with
            {
                Upstream = new UpstreamSettings
                {
                    Name = "upstream",
                    Balance = algorithm,
                    ConnectTimeout = TimeSpan.FromMilliseconds(300),
                    ConnectAttempts = 7,
                    Outliers = new OutlierSettings
                    {
                        Failures = 3,
                        Time = TimeSpan.FromSeconds(1),
                        MaximumShare = 60,
                    },
                    Endpoints =
                    [
                        new EndpointSettings(refusing.LocalEndPoint!),
                        new EndpointSettings(hung.LocalEndPoint!),
                        new EndpointSettings(resetting.EndPoint),
                        new EndpointSettings(slow.EndPoint),
                        new EndpointSettings(SocketOf("flapping")),
                        new EndpointSettings(SocketOf("first")),
                        new EndpointSettings(SocketOf("second")),
                    ],
                },
            }
        );

        using var done = new CancellationTokenSource();
        var flapping = FlapAsync(done.Token);
        var answered = new Counter();
        var workers = Enumerable
            .Range(0, Workers)
            .Select(_ => Task.Factory.StartNew(Visit, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default))
            .ToList();
        await Task.WhenAll(workers);
        await done.CancelAsync();
        await flapping;

        Assert.Equal((0L, 0L), (gateway.Closed(CloseReason.UpstreamConnectFailed), gateway.Closed(CloseReason.UpstreamConnectTimeout)));
        // Who met the one that resets, or the one that was killed, had sent a request by then: nothing to be done. Ejection keeps them few.
        Assert.InRange(answered.Value, Workers * Visits * 85 / 100, Workers * Visits);
        var upstream = Assert.Single(gateway.Host.Upstreams);
        if (algorithm != BalanceAlgorithm.HashServerName)
            Assert.True(
                upstream.Counters.Endpoints.Ejections > 0 && upstream.Counters.Endpoints.Failed > 0,
                string.Join('\n', upstream.Endpoints)
            );

        void Visit()
        {
            for (var i = 0; i < Visits; i++)
            {
                using var client = EngineClient.Open(gateway.EndPoint);
                client.Send("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"u8);
                if (ReadAll(client).StartsWith("HTTP/1.1 200", StringComparison.Ordinal))
                    answered.Add(1);
            }
        }
    }

    private async Task FlapAsync(CancellationToken done)
    {
        using var pause = new PeriodicTimer(TimeSpan.FromMilliseconds(150));
        while (!done.IsCancellationRequested)
        {
            // Killed with what it had in hand.
            await using (await StartNginxAsync("flapping"))
                await pause.WaitForNextTickAsync(CancellationToken.None);
            await pause.WaitForNextTickAsync(CancellationToken.None);
            File.Delete(SocketOf("flapping").ToString());
        }
    }

    private static string ReadAll(EngineClient client)
    {
        var text = new StringBuilder();
        var piece = new byte[4096];
        while (true)
        {
            var status = client.Session.Read(piece, out var read);
            text.Append(Encoding.ASCII.GetString(piece, 0, read));
            client.Flush();
            if (status is TlsStatus.Closed or TlsStatus.Error)
                return text.ToString();
            if (status == TlsStatus.WantRead)
                _ = client.Pull();
        }
    }

    private string FolderOf(string name) => Path.Combine(_certificates.Folder, name);

    private UnixDomainSocketEndPoint SocketOf(string name) => UnixServer.SocketIn(FolderOf(name));

    private static Socket Bound()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return socket;
    }

    private Task<UnixServer> StartNginxAsync(string name) =>
        UnixServer.StartNginxAsync(FolderOf(name), "", "location / { return 200 \"hello\"; }");
}
