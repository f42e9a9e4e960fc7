using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using TlsGateway.Cluster.Tests.Support;
using TestFleet = TlsGateway.Cluster.Tests.Support.TestFleet;

namespace TlsGateway.Cluster.Tests;

/// <summary>Members are replaced one after the other, with clients all the time.</summary>
public sealed class RollingUpdateTests
{
    private const int Clients = 8;
    private const int LongClients = 30;

    /// <summary>HAProxy in front is the load balancer: it looks at /readyz once a second, as slow as such things are.</summary>
    [Fact]
    public async Task A_rolling_update_under_load_loses_no_connection_and_refuses_none()
    {
        Shell.Require("haproxy");
        await using var fleet = await TestFleet.StartAsync(3);
        using var balancer = LoadBalancer.Start(fleet.Members);
        await balancer.SeesAllAsync();
        using CancellationTokenSource done = new();
        var load = Enumerable.Range(0, Clients).Select(_ => LoadAsync(balancer.EndPoint, done.Token)).ToList();
        foreach (var member in fleet.Members)
        {
            // These live through the drain: they say something now and then, and end by themselves.
            List<EchoClient> held = [];
            for (var i = 0; i < LongClients; i++)
            {
                held.Add(await EchoClient.ConnectAsync(member.Clients));
            }
            member.Signal("TERM");
            await TestFleet.UntilAsync(async () => await member.ReadinessAsync() == "draining", "it is unready at once");
            await TestFleet.UntilAsync(
                async () =>
                {
                    foreach (var client in held)
                    {
                        await client.EchoAsync("on the way");
                    }
                    // Until others see by how much the drain goes on.
                    return await DrainOfAsync(fleet, member) is { Left: > 0 };
                },
                "the others see its drain"
            );
            foreach (var client in held)
            {
                await client.EchoAsync("and that is all");
                await client.CloseAsync();
                await client.DisposeAsync();
            }
            Assert.Equal(0, await member.ExitAsync());
            member.Start();
            await fleet.WholeAsync(fleet.Members);
            await balancer.SeesAllAsync();
        }
        await done.CancelAsync();
        var counts = await Task.WhenAll(load);
        Assert.All(counts, static count => Assert.True(count > 10, $"a client made only {count} connections"));
    }

    /// <summary>The others' word for how many connections it has left; null: they know of none.</summary>
    private static async Task<(long Left, double Estimate)?> DrainOfAsync(TestFleet fleet, Member draining)
    {
        foreach (var other in fleet.Members.Where(one => one != draining))
        {
            if (await other.FleetAsync() is not { } seen)
            {
                continue;
            }
            foreach (var one in seen.GetProperty("members").EnumerateArray())
            {
                if (
                    TestFleet.Text(one, "address") == $"{draining.Address}:4053"
                    && one.TryGetProperty("drain", out var drain)
                    && drain.ValueKind == System.Text.Json.JsonValueKind.Object
                )
                {
                    return (drain.GetProperty("left").GetInt64(), drain.GetProperty("estimateSeconds").GetDouble());
                }
            }
        }
        return null;
    }

    /// <summary>Connects, talks, closes, again and again. Any failure fails the test.</summary>
    private static async Task<int> LoadAsync(IPEndPoint gateway, CancellationToken done)
    {
        var connections = 0;
        // A rate, so that the load leaves the members a machine to run on.
        using PeriodicTimer pace = new(TimeSpan.FromMilliseconds(20));
        while (!done.IsCancellationRequested)
        {
            await using var client = await EchoClient.ConnectAsync(gateway);
            for (var i = 0; i < 5; i++)
            {
                await client.EchoAsync($"message {i}");
                await pace.WaitForNextTickAsync(CancellationToken.None);
            }
            await client.CloseAsync();
            connections++;
        }
        return connections;
    }

    private sealed class LoadBalancer : IDisposable
    {
        private readonly Process _process;
        private readonly string _folder;
        private readonly int _members;

        private LoadBalancer(Process process, string folder, IPEndPoint endPoint, int members) =>
            (_process, _folder, EndPoint, _members) = (process, folder, endPoint, members);

        public IPEndPoint EndPoint { get; }

        private string Socket => Path.Combine(_folder, "stats.sock");

        public static LoadBalancer Start(IReadOnlyList<Member> members)
        {
            var folder = Directory.CreateTempSubdirectory("balancer-").FullName;
            using var free = new TcpListener(IPAddress.Loopback, 0);
            free.Start();
            var port = ((IPEndPoint)free.LocalEndpoint).Port;
            free.Dispose();
            var servers = string.Join(
                '\n',
                members.Select((one, i) => $"  server m{i} {one.Clients} check port 9901 inter 1s rise 1 fall 1")
            );
            File.WriteAllText(
                Path.Combine(folder, "haproxy.cfg"),
                $"""
                global
                  stats socket {folder}/stats.sock level user
                defaults
                  mode tcp
                  timeout connect 5s
                  timeout client 2m
                  timeout server 2m
                listen tls
                  bind 127.0.0.1:{port}
                  balance roundrobin
                  option httpchk GET /readyz
                {servers}

                """
            );
            var process = Process.Start(new ProcessStartInfo("haproxy", ["-db", "-q", "-f", Path.Combine(folder, "haproxy.cfg")]))!;
            return new LoadBalancer(process, folder, new IPEndPoint(IPAddress.Loopback, port), members.Count);
        }

        /// <summary>Waits until it sends connections to all members.</summary>
        public Task SeesAllAsync() =>
            TestFleet.UntilAsync(
                async () =>
                {
                    using Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                    try
                    {
                        await socket.ConnectAsync(new UnixDomainSocketEndPoint(Socket));
                    }
                    catch (SocketException)
                    {
                        // It has just been started.
                        return false;
                    }
                    await using NetworkStream stream = new(socket);
                    await stream.WriteAsync("show stat\n"u8.ToArray());
                    using StreamReader reader = new(stream);
                    var text = await reader.ReadToEndAsync();
                    return text.Split('\n')
                            .Count(static line =>
                                line.StartsWith("tls,m", StringComparison.Ordinal) && line.Contains(",UP,", StringComparison.Ordinal)
                            ) == _members;
                },
                "the load balancer sees all members"
            );

        public void Dispose()
        {
            _process.Kill();
            _process.WaitForExit();
            _process.Dispose();
            Directory.Delete(_folder, recursive: true);
        }
    }
}
