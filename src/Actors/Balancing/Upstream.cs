using System.Collections.Immutable;
using TlsGateway.Actors.Settings;
using TlsGateway.Tls;

namespace TlsGateway.Actors.Balancing;

/// <summary>An upstream of one generation, ready to be chosen from. Each loop has balancers of its own; the endpoints are shared.</summary>
public sealed class Upstream
{
    private readonly ImmutableArray<(Balancer Primary, Balancer Backup)> _balancers;
    private readonly ImmutableArray<Endpoint> _primary;
    private readonly long _slowStartNanos;
    private int _holders;

    /// <param name="settings">What it is made from.</param>
    /// <param name="group">What it shares with its other generations.</param>
    /// <param name="loops">How many loops there are.</param>
    /// <param name="tls">Made from its TLS settings; null without.</param>
    internal Upstream(UpstreamSettings settings, UpstreamGroup group, int loops, ITlsContext? tls = null)
    {
        Settings = settings;
        Tls = tls is null ? null : new UpstreamTls(settings.Tls!, tls);
        Group = group;
        var choices = settings.Endpoints.Select(Choice).ToList();
        Endpoints = [.. choices.Select(static choice => choice.Endpoint)];
        var primary = choices.Where((_, i) => !settings.Endpoints[i].IsBackup).ToList();
        var backup = choices.Where((_, i) => settings.Endpoints[i].IsBackup).ToList();
        _primary = [.. primary.Select(static choice => choice.Endpoint)];
        _slowStartNanos = settings.SlowStart.Ticks * TimeSpan.NanosecondsPerTick;
        _balancers =
        [
            .. Enumerable
                .Range(0, loops)
                .Select(loop => (Balancer.Of(settings.Balance, primary, (ulong)loop), Balancer.Of(settings.Balance, backup, (ulong)loop))),
        ];

        EndpointChoice Choice(EndpointSettings endpoint)
        {
            var shared = group.EndpointOf(endpoint.Address, out var isNew);
            if (isNew)
                _new.Add(shared);
            return new EndpointChoice(shared, endpoint.Weight);
        }
    }

    private readonly List<Endpoint> _new = [];

    public UpstreamSettings Settings { get; }

    /// <summary>In the order of the settings.</summary>
    public IReadOnlyList<Endpoint> Endpoints { get; }

    internal UpstreamGroup Group { get; }

    /// <summary>Null: its endpoints are spoken to in plain text.</summary>
    internal UpstreamTls? Tls { get; }

    /// <summary>The host name that an endpoint was looked up by; "" for none.</summary>
    internal string HostOf(Endpoint endpoint)
    {
        for (var i = 0; i < Endpoints.Count; i++)
        {
            if (ReferenceEquals(Endpoints[i], endpoint))
                return Settings.Endpoints[i].Host;
        }

        return "";
    }

    /// <summary>For one listener generation more.</summary>
    internal void Acquire() => Interlocked.Increment(ref _holders);

    /// <summary>The last one gives up its TLS context; sessions go on.</summary>
    internal void Release()
    {
        if (Interlocked.Decrement(ref _holders) == 0)
            Tls?.Dispose();
    }

    /// <summary>Those that no earlier generation had.</summary>
    internal IReadOnlyList<Endpoint> NewEndpoints => _new;

    /// <summary>
    /// Takes a place at the next endpoint: of those that can be used, a backup only when no other can; when too few can (<see cref="UpstreamSettings.PanicShare"/>), of all.
    /// </summary>
    /// <param name="loop">Index of the calling loop.</param>
    /// <param name="key">As in <see cref="Balancer.Choose"/>.</param>
    /// <param name="tried">Those that this connection had before, in vain.</param>
    /// <param name="now">The loop's clock.</param>
    /// <returns>Null: there is none, now or at all (<see cref="IsFull"/>).</returns>
    internal EndpointUse? Enter(int loop, ulong key, IReadOnlyList<Endpoint> tried, long now)
    {
        var candidates = new Candidates(tried, now)
        {
            Maximum = Settings.MaxConnections,
            SlowStartNanos = _slowStartNanos,
            AnyHealth = IsInPanic(),
        };
        return Enter(loop, key, candidates) ?? (candidates.AnyHealth ? null : Enter(loop, key, candidates with { AnyHealth = true }));
    }

    /// <summary>There is an endpoint that was not tried, and it has as many connections as it may have.</summary>
    internal bool IsFull(IReadOnlyList<Endpoint> tried) =>
        Settings.MaxConnections > 0 && Endpoints.Any(endpoint => !tried.Contains(endpoint));

    private EndpointUse? Enter(int loop, ulong key, in Candidates candidates)
    {
        var (primary, backup) = _balancers[loop];
        while ((primary.Choose(key, candidates) ?? backup.Choose(key, candidates)) is { } endpoint)
        {
            // Another loop may have been quicker: then the endpoint is no candidate any more.
            if (endpoint.TryEnter(candidates, out var isTrial))
                return new EndpointUse(endpoint, this, isTrial);
        }

        return null;
    }

    private bool IsInPanic()
    {
        if (Settings.PanicShare == 0)
            return false;
        var healthy = 0;
        foreach (var endpoint in _primary)
        {
            if (endpoint.IsHealthy)
                healthy++;
        }

        return healthy * 100 < Settings.PanicShare * _primary.Length;
    }
}
