using TlsGateway.Actors;
using TlsGateway.Actors.Limits;
using TlsGateway.Actors.Relaying;
using TlsGateway.Actors.Stalls;
using TlsGateway.Fleet;
using TlsGateway.Fleet.Protocol;
using TlsGateway.Fleet.TicketKeys;
using TlsGateway.Gateway.Admin;
using TlsGateway.Gateway.Telemetry;
using TlsGateway.Gateway.Tickets;
using TlsGateway.LiveView.Data;

namespace TlsGateway.Gateway.Hosting;

/// <summary>This process as the rest of the fleet sees it. Any thread.</summary>
/// <param name="readiness">Of the process.</param>
/// <param name="keys">What the fleet's ticket keys go to.</param>
/// <param name="time">Its clock.</param>
/// <param name="host">The data path; null before it is up and after it has gone.</param>
/// <param name="digest">Of the configuration that is served.</param>
/// <param name="certificates">That are served.</param>
/// <param name="relayKeys">By which connections are relayed; null: none are.</param>
/// <param name="sharesTickets">The fleet's keys are those of tickets too.</param>
internal sealed class FleetHost(
    GatewayReadiness readiness,
    TicketKeyKeeper keys,
    TimeProvider time,
    Func<GatewayHost?> host,
    Func<string> digest,
    Func<IReadOnlyList<ServedCertificate>> certificates,
    RelayKeyRing? relayKeys,
    bool sharesTickets
) : IFleetHost
{
    /// <summary>A rate is taken over no less.</summary>
    private static readonly TimeSpan LeastInterval = TimeSpan.FromMilliseconds(500);

    private readonly Lock _lock = new();
    private readonly long _started = time.GetTimestamp();
    private long _lastAt = time.GetTimestamp();
    private long _lastHandshakes;
    private double _rate;

    private volatile FleetKeySet? _keys;

    public FleetKey? InheritedKey => sharesTickets ? keys.FleetKey : _keys?.Sealing;

    public IFleetClients? Clients => host()?.FleetClients;

    public long KeysVersion => sharesTickets ? keys.FleetVersion : _keys?.Version ?? 0;

    public long Room
    {
        get
        {
            if (host() is not { IsDraining: false } running)
            {
                return 0;
            }
            var limit = Math.Min(
                running.ListenerSettings.Sum(static listener => (long)listener.MaxConnections),
                DescriptorBudget.Connections
            );
            return Math.Max(0, limit - running.OpenConnections);
        }
    }

    public void UseKeys(FleetKeySet next)
    {
        _keys = next;
        relayKeys?.Use([.. next.Keys.Select(static key => key.Key)], next.SealingPlace);
        if (sharesTickets)
        {
            keys.UseFleet(next);
        }
    }

    public void CloseRelayed(string origin) => host()?.CloseRelayed(origin);

    public void CloseIdleRelayed(string origin, int count, TimeSpan idle) => host()?.CloseIdleRelayed(origin, count, idle);

    public void Retire(int count, TimeSpan idle, TimeSpan? old) => host()?.Retire(count, idle, old);

    public LocalLoad ReadLoad()
    {
        if (host() is not { } running)
        {
            return default;
        }
        var sample = LiveSample.Of(running, time.GetUtcNow());
        return new LocalLoad(
            sample.Open,
            ReadRate(sample.FullHandshakes + sample.ResumedHandshakes),
            sample.LoopDelay,
            readiness.Phase == GatewayPhase.Draining,
            new StalledConnections(
                sample.StalledBy[(int)StallCause.Client],
                sample.StalledBy[(int)StallCause.Upstream],
                sample.StalledBy[(int)StallCause.Self]
            )
        )
        {
            Relayed = running.Metrics.RelayedConnections,
        };
    }

    public LocalDetails ReadDetails() =>
        new()
        {
            Name = Environment.MachineName,
            Version = GatewayVersion.Text,
            Phase = readiness.Phase.ToString().ToLowerInvariant(),
            Generation = host()?.Generation ?? 0,
            ConfigurationDigest = digest(),
            Certificates =
            [
                .. certificates().Select(static one => new MemberCertificate(one.Listener, one.Name, one.Serial, one.NotAfter)),
            ],
            Drain = readiness.Drain,
            Uptime = time.GetElapsedTime(_started),
            KeysFrom = keys.Source,
            KeyAge = time.GetUtcNow() - keys.NewestSince,
            MaxConnections = host()?.ListenerSettings.Sum(static listener => (long)listener.MaxConnections) ?? 0,
        };

    private double ReadRate(long handshakes)
    {
        lock (_lock)
        {
            var at = time.GetTimestamp();
            var elapsed = time.GetElapsedTime(_lastAt, at);
            if (elapsed >= LeastInterval)
            {
                _rate = (handshakes - _lastHandshakes) / elapsed.TotalSeconds;
                (_lastAt, _lastHandshakes) = (at, handshakes);
            }
            return _rate;
        }
    }
}
