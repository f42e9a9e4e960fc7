using TlsGateway.Actors.Settings;
using TlsGateway.Gateway.Tests.Support;

namespace TlsGateway.Gateway.Tests.Configuration;

public sealed class LimitCheckTests
{
    [Fact]
    public async Task Limits_of_every_level_become_settings()
    {
        using TemporaryFolder folder = new();
        var yaml =
            "limits: { connections: 1, connectionRate: 2, handshakeRate: 3, receiveRate: 4KiB, sendRate: 5KiB, perClient: { connections: 6 } }\n"
            + "memory: { limit: 3GiB, refuseAt: 70, closeIdleAt: 75 }\n"
            + Loader.Minimal.Replace(
                "    upstream: demo\n",
                "    upstream: demo\n"
                    + "    limits: { connections: 7, handshakeRate: 8, minimumRate: 9, loopDelay: 10ms, perClient: { connectionRate: 11, ipv4Prefix: 24, ipv6Prefix: 56 } }\n"
                    + "    timeouts: { halfClosed: 12s, lifetime: 13m }\n",
                StringComparison.Ordinal
            );
        var result = await Loader.LoadAsync(folder, yaml);
        Assert.Empty(result.Problems);
        var settings = result.Configuration!;
        Assert.Equal(
            new LimitSettings
            {
                Connections = 1,
                ConnectionRate = 2,
                HandshakeRate = 3,
                ReceiveRate = 4096,
                SendRate = 5120,
            },
            settings.Limits
        );
        Assert.Equal(new ClientLimitSettings { Limits = new LimitSettings { Connections = 6 } }, settings.ClientLimits);
        Assert.Equal(
            new MemorySettings
            {
                Limit = 3L * 1024 * 1024 * 1024,
                RefuseAt = 70,
                CloseIdleAt = 75,
            },
            settings.Memory
        );
        var listener = settings.Listeners[0];
        Assert.Equal((7, new LimitSettings { HandshakeRate = 8 }), (listener.MaxConnections, listener.Limits));
        Assert.Equal(
            new ClientLimitSettings
            {
                Limits = new LimitSettings { ConnectionRate = 11 },
                IPv4Prefix = 24,
                IPv6Prefix = 56,
            },
            listener.ClientLimits
        );
        Assert.Equal(
            (9, TimeSpan.FromMilliseconds(10), TimeSpan.FromSeconds(12), TimeSpan.FromMinutes(13)),
            (listener.MinimumRate, listener.MaximumLoopDelay, listener.HalfClosedTimeout, listener.MaximumLifetime)
        );
    }

    [Fact]
    public async Task Idle_connections_are_not_closed_to_make_room_for_new_ones() =>
        Assert.Contains(
            await Loader.ProblemsAsync("memory: { refuseAt: 90, closeIdleAt: 80 }\n" + Loader.Minimal),
            static problem => problem.Contains("below its refuseAt", StringComparison.Ordinal)
        );
}
