using System.Net;
using System.Net.Sockets;
using Akka.Actor;
using Microsoft.Extensions.Logging;
using TlsGateway.Actors.Balancing;
using TlsGateway.Actors.Settings;

namespace TlsGateway.Actors.Names;

/// <summary>Keeps the endpoints of one upstream what its host names stand for: looks each up again when its answer's time is over. An answer that does not come changes nothing.</summary>
/// <remarks>On Akka's default dispatcher, child of the system's guardian, which restarts it. Mailbox: one message per generation and per look-up.</remarks>
internal sealed class UpstreamNamesActor : ReceiveActor, IWithTimers
{
    /// <summary>Of one name; what is beyond is left out.</summary>
    private const int MaxAddresses = 256;

    private static readonly TimeSpan LookupTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(5);

    private readonly UpstreamGroup _group;
    private readonly NameServices _services;
    private readonly Dictionary<string, IReadOnlyList<IPAddress>> _known = new(StringComparer.OrdinalIgnoreCase);
    private readonly HashSet<string> _failing = new(StringComparer.OrdinalIgnoreCase);
    private Upstream? _upstream;

    public UpstreamNamesActor(UpstreamGroup group, NameServices services)
    {
        (_group, _services) = (group, services);
        Receive<Use>(use => OnUse(use.Upstream));
        Receive<Due>(due => OnDue(due.Host));
        Receive<Found>(OnFound);
        Receive<NotFound>(OnNotFound);
    }

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void PreStart()
    {
        if (_group.Current is { } current)
            OnUse(current);
    }

    private static IEnumerable<string> HostsOf(UpstreamSettings settings) =>
        settings
            .Endpoints.Select(static endpoint => endpoint.Host)
            .Where(static host => host.Length > 0)
            .Distinct(StringComparer.OrdinalIgnoreCase);

    private void OnUse(Upstream next)
    {
        _upstream = next;
        _known.Clear();
        Timers.CancelAll();
        foreach (var host in HostsOf(next.Settings))
        {
            _known[host] =
            [
                .. next.Settings.Endpoints.Where(e => e.Host == host).Select(static e => ((IPEndPoint)e.Address).Address).Distinct(),
            ];
            // It was looked up when the configuration was read; how long that holds is asked now.
            Schedule(host, TimeSpan.FromSeconds(1) * _services.Chance());
        }
    }

    private void OnDue(string host)
    {
        if (!_known.ContainsKey(host))
            return;
        var upstream = _upstream!;
        _ = ResolveAsync().PipeTo(Self);

        async Task<object> ResolveAsync()
        {
            using var timeout = new CancellationTokenSource(LookupTimeout);
            try
            {
                return new Found(upstream, host, await _services.Resolver.ResolveAsync(host, timeout.Token).ConfigureAwait(false));
            }
            catch (Exception failed) when (failed is SocketException or OperationCanceledException)
            {
                return new NotFound(upstream, host, failed is SocketException ? failed.Message : "no answer in time");
            }
        }
    }

    private void OnFound(Found found)
    {
        if (found.Upstream != _upstream)
            return;
        var (_, host, resolved) = found;
        if (_failing.Remove(host))
            NamesLog.FoundAgain(_services.Log, _group.Name, host);
        IReadOnlyList<IPAddress> addresses = [.. AddressOrder.Interleave(resolved.Addresses.Take(MaxAddresses).ToList())];
        // Name servers turn their answers round; the same set is no change.
        if (!addresses.ToHashSet().SetEquals(_known[host]))
        {
            _known[host] = addresses;
            Replace();
            NamesLog.Changed(_services.Log, _group.Name, host, string.Join(", ", addresses));
        }

        var ttl = resolved.TimeToLive ?? _services.DefaultTimeToLive;
        Schedule(host, TimeSpan.FromTicks(Math.Clamp(ttl.Ticks, _services.MinimumTimeToLive.Ticks, _services.MaximumTimeToLive.Ticks)));
    }

    private void OnNotFound(NotFound notFound)
    {
        if (notFound.Upstream != _upstream)
            return;
        if (_failing.Add(notFound.Host))
            NamesLog.Failed(_services.Log, _group.Name, notFound.Host, notFound.Why);
        Schedule(notFound.Host, RetryAfter * (0.8 + (_services.Chance() * 0.4)));
    }

    /// <summary>What each written endpoint stands for now, in the order in which they were written.</summary>
    private void Replace()
    {
        var written = new HashSet<(string Host, int Port, int Weight, bool IsBackup)>();
        var endpoints = new List<EndpointSettings>();
        foreach (var endpoint in _upstream!.Settings.Endpoints)
        {
            if (endpoint.Host.Length == 0)
            {
                endpoints.Add(endpoint);
                continue;
            }

            var port = ((IPEndPoint)endpoint.Address).Port;
            if (written.Add((endpoint.Host, port, endpoint.Weight, endpoint.IsBackup)))
                endpoints.AddRange(_known[endpoint.Host].Select(address => endpoint with { Address = new IPEndPoint(address, port) }));
        }

        _upstream.Replace([.. endpoints.DistinctBy(static endpoint => endpoint.Address)]);
    }

    private void Schedule(string host, TimeSpan after) => Timers.StartSingleTimer(host, new Due(host), after);

    /// <summary>The newest generation of the upstream.</summary>
    public sealed record Use(Upstream Upstream);

    private sealed record Due(string Host);

    private sealed record Found(Upstream Upstream, string Host, ResolvedHost Resolved);

    private sealed record NotFound(Upstream Upstream, string Host, string Why);
}

/// <summary>What names actors need of the world.</summary>
/// <param name="Resolver">Looks names up.</param>
/// <param name="Chance">From 0 to below 1.</param>
/// <param name="Log">Gets what changes.</param>
internal sealed record NameServices(IHostResolver Resolver, Func<double> Chance, ILogger Log)
{
    /// <summary>For an answer that says nothing: a name in a file, say.</summary>
    public TimeSpan DefaultTimeToLive { get; init; } = TimeSpan.FromSeconds(30);

    public TimeSpan MinimumTimeToLive { get; init; } = TimeSpan.FromSeconds(1);

    public TimeSpan MaximumTimeToLive { get; init; } = TimeSpan.FromMinutes(5);
}
