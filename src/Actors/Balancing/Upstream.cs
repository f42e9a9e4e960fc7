using System.Collections.Immutable;
using TlsGateway.Actors.Settings;
using TlsGateway.Tls;

namespace TlsGateway.Actors.Balancing;

/// <summary>
/// An upstream of one generation, ready to be chosen from. Each loop has balancers of its own; the endpoints are shared. What its host names stand for may change while it lives
/// (<see cref="Replace"/>).
/// </summary>
public sealed class Upstream
{
    private readonly int _loops;
    private readonly long _slowStartNanos;
    private volatile Choices _choices;
    private int _holders;

    /// <param name="settings">What it is made from.</param>
    /// <param name="group">What it shares with its other generations.</param>
    /// <param name="loops">How many loops there are.</param>
    /// <param name="tls">Made from its TLS settings; null without.</param>
    internal Upstream(UpstreamSettings settings, UpstreamGroup group, int loops, ITlsContext? tls = null)
    {
        Settings = settings;
        Group = group;
        Tls = tls is null ? null : new UpstreamTls(settings.Tls!, tls);
        _loops = loops;
        _slowStartNanos = settings.SlowStart.Ticks * TimeSpan.NanosecondsPerTick;
        _choices = new Choices(settings.Endpoints, group, settings.Balance, loops);
    }

    public UpstreamSettings Settings { get; }

    /// <summary>As they are now; those of the settings at first.</summary>
    public IReadOnlyList<Endpoint> Endpoints => _choices.Endpoints;

    /// <summary>What each of <see cref="Endpoints"/> is made from, at one instant.</summary>
    internal IReadOnlyList<(Endpoint Endpoint, EndpointSettings Settings)> Described
    {
        get
        {
            var choices = _choices;
            return [.. choices.Endpoints.Zip(choices.Settings)];
        }
    }

    internal UpstreamGroup Group { get; }

    /// <summary>Null: its endpoints are spoken to in plain text.</summary>
    internal UpstreamTls? Tls { get; }

    /// <summary>From now on these are its endpoints. Connections keep those that they have.</summary>
    internal void Replace(IReadOnlyList<EndpointSettings> endpoints)
    {
        _choices = new Choices(endpoints, Group, Settings.Balance, _loops);
        Group.EndpointsChanged(this);
    }

    /// <summary>The host name that an endpoint was looked up by; "" for none.</summary>
    internal string HostOf(Endpoint endpoint)
    {
        var choices = _choices;
        for (var i = 0; i < choices.Endpoints.Length; i++)
        {
            if (ReferenceEquals(choices.Endpoints[i], endpoint))
                return choices.Settings[i].Host;
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
        var choices = _choices;
        var candidates = new Candidates(tried, now)
        {
            Maximum = Settings.MaxConnections,
            SlowStartNanos = _slowStartNanos,
            AnyHealth = choices.IsInPanic(Settings.PanicShare),
        };
        return Enter(choices, loop, key, candidates)
            ?? (candidates.AnyHealth ? null : Enter(choices, loop, key, candidates with { AnyHealth = true }));
    }

    /// <summary>There is an endpoint that was not tried and may be used, and it has as many connections as it may have.</summary>
    internal bool IsFull(IReadOnlyList<Endpoint> tried) =>
        Settings.MaxConnections > 0 && Endpoints.Any(endpoint => endpoint.Order != EndpointOrder.Drain && !tried.Contains(endpoint));

    private EndpointUse? Enter(Choices choices, int loop, ulong key, in Candidates candidates)
    {
        var (primary, backup) = choices.Balancers[loop];
        while ((primary.Choose(key, candidates) ?? backup.Choose(key, candidates)) is { } endpoint)
        {
            // Another loop may have been quicker: then the endpoint is no candidate any more.
            if (endpoint.TryEnter(candidates, out var isTrial))
                return new EndpointUse(endpoint, this, isTrial);
        }

        return null;
    }

    /// <summary>The endpoints at one time, with what chooses among them.</summary>
    private sealed class Choices
    {
        private readonly ImmutableArray<Endpoint> _primary;

        public Choices(IReadOnlyList<EndpointSettings> settings, UpstreamGroup group, BalanceAlgorithm balance, int loops)
        {
            Settings = settings;
            Endpoints = [.. settings.Select(endpoint => group.EndpointOf(endpoint))];
            var choices = Endpoints.Select((endpoint, i) => new EndpointChoice(endpoint, settings[i].Weight)).ToList();
            var primary = choices.Where((_, i) => !settings[i].IsBackup).ToList();
            var backup = choices.Where((_, i) => settings[i].IsBackup).ToList();
            _primary = [.. primary.Select(static choice => choice.Endpoint)];
            Balancers =
            [
                .. Enumerable
                    .Range(0, loops)
                    .Select(loop => (Balancer.Of(balance, primary, (ulong)loop), Balancer.Of(balance, backup, (ulong)loop))),
            ];
        }

        public IReadOnlyList<EndpointSettings> Settings { get; }

        public ImmutableArray<Endpoint> Endpoints { get; }

        public ImmutableArray<(Balancer Primary, Balancer Backup)> Balancers { get; }

        public bool IsInPanic(int share)
        {
            if (share == 0)
                return false;
            var (healthy, all) = (0, 0);
            foreach (var endpoint in _primary)
            {
                // One that is drained is out by somebody's will, not by its health.
                if (endpoint.Order == EndpointOrder.Drain)
                    continue;
                all++;
                if (endpoint.IsHealthy)
                    healthy++;
            }

            return healthy * 100 < share * all;
        }
    }
}
