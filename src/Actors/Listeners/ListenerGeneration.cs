using TlsGateway.Actors.Balancing;
using TlsGateway.Actors.Routing;
using TlsGateway.Actors.Settings;
using TlsGateway.Actors.Usage;
using TlsGateway.Tls;

namespace TlsGateway.Actors.Listeners;

/// <summary>What a listener gives the connections that it accepts; a reload makes a new one, connections keep theirs.</summary>
/// <remarks>
/// Counted: each loop's supervisor holds a reference while it is current, so do its listener and, for their lives, the connections. The last one to let go disposes the TLS context, so a
/// connection that was accepted before a reload can still make its session after it. Any thread.
/// </remarks>
public sealed class ListenerGeneration
{
    private readonly Dictionary<UpstreamSettings, Upstream> _upstreams = new(ReferenceEqualityComparer.Instance);
    private int _holders;
    private int _connections;

    /// <param name="number">The configuration's generation.</param>
    /// <param name="settings">This listener's part of it.</param>
    /// <param name="context">Owned from here on.</param>
    /// <param name="upstreams">Those of the settings, ready; by their settings as objects.</param>
    /// <param name="holders">References that exist from the start: one per loop.</param>
    public ListenerGeneration(
        int number,
        ListenerSettings settings,
        ITlsContext context,
        IReadOnlyDictionary<UpstreamSettings, Upstream> upstreams,
        int holders
    )
    {
        Number = number;
        Settings = settings;
        Context = context;
        Routes = new RouteTable(settings.Routes, settings.Upstream);
        Names = ConfiguredNames.Of(settings);
        _holders = holders;
        foreach (var upstream in settings.Upstreams)
        {
            _upstreams.Add(upstream, upstreams[upstream]);
            upstreams[upstream].Acquire();
        }
    }

    public int Number { get; }

    public ListenerSettings Settings { get; }

    public ITlsContext Context { get; }

    /// <summary>The upstream of a route that has one.</summary>
    internal Upstream UpstreamOf(RouteTarget target) => _upstreams[target.Upstream!];

    public RouteTable Routes { get; }

    /// <summary>The server names that its settings know.</summary>
    public ConfiguredNames Names { get; }

    /// <summary>Connections that began with it and are open.</summary>
    public int Connections => Volatile.Read(ref _connections);

    /// <summary>Nobody has it any more.</summary>
    internal bool IsDone => Volatile.Read(ref _holders) == 0;

    /// <summary>As <see cref="Acquire"/>, for a connection.</summary>
    internal void Enter()
    {
        Acquire();
        Interlocked.Increment(ref _connections);
    }

    /// <summary>Undoes <see cref="Enter"/>.</summary>
    internal void Leave()
    {
        Interlocked.Decrement(ref _connections);
        Release();
    }

    /// <summary>For one holder more; only by a holder.</summary>
    internal void Acquire() => Interlocked.Increment(ref _holders);

    internal void Release()
    {
        if (Interlocked.Decrement(ref _holders) != 0)
            return;
        Context.Dispose();
        foreach (var upstream in _upstreams.Values)
            upstream.Release();
    }
}
