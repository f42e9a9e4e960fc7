using System.Collections.Immutable;
using TlsGateway.Actors.Settings;

namespace TlsGateway.Actors.Balancing;

/// <summary>An upstream of one generation, ready to be chosen from. Each loop has balancers of its own; the endpoints' counts are shared.</summary>
public sealed class Upstream
{
    private readonly ImmutableArray<(Balancer Primary, Balancer Backup)> _balancers;

    /// <param name="settings">What it is made from.</param>
    /// <param name="endpointOf">The shared endpoint of an address.</param>
    /// <param name="loops">How many loops there are.</param>
    internal Upstream(UpstreamSettings settings, Func<EndpointSettings, Endpoint> endpointOf, int loops)
    {
        Settings = settings;
        var choices = settings.Endpoints.Select(e => (e.IsBackup, Choice: new EndpointChoice(endpointOf(e), e.Weight))).ToList();
        var primary = choices.Where(static c => !c.IsBackup).Select(static c => c.Choice).ToList();
        var backup = choices.Where(static c => c.IsBackup).Select(static c => c.Choice).ToList();
        _balancers =
        [
            .. Enumerable
                .Range(0, loops)
                .Select(loop => (Balancer.Of(settings.Balance, primary, (ulong)loop), Balancer.Of(settings.Balance, backup, (ulong)loop))),
        ];
    }

    public UpstreamSettings Settings { get; }

    /// <summary>The next endpoint for a connection: a backup only when every other was tried. Null: all were.</summary>
    /// <param name="loop">Index of the calling loop.</param>
    /// <param name="key">As in <see cref="Balancer.Choose"/>.</param>
    /// <param name="tried">As there.</param>
    internal Endpoint? Choose(int loop, ulong key, IReadOnlyList<Endpoint> tried)
    {
        var (primary, backup) = _balancers[loop];
        return primary.Choose(key, tried) ?? backup.Choose(key, tried);
    }
}
