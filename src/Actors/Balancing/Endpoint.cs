using System.Net;
using System.Net.Sockets;
using TlsGateway.Actors.Health;
using TlsGateway.Transport;

namespace TlsGateway.Actors.Balancing;

/// <summary>
/// An endpoint as all loops share it: how many connections it has, and whether it can be used. Outlives the generation that it came with, so that a reload forgets nothing. Any thread; its health
/// is written by its upstream's <see cref="Health.UpstreamHealthActor"/> alone.
/// </summary>
public sealed class Endpoint
{
    private const int MinimumRampPercent = 10;

    private int _connections;
    private int _failures;
    private int _trial;
    private volatile bool _isDown;
    private volatile Circuit _circuit;
    private volatile EndpointOrder _order;
    private volatile EndpointCheck? _lastCheck;
    private volatile ConfiguredEndpoint? _configured;
    private long _rampFrom = long.MinValue;
    private string? _text;

    public Endpoint(EndPoint address)
    {
        (Address, UnixPath, Identity) = address switch
        {
            IPEndPoint ip => Of(InetEndPoint.From(ip)),
            UnixDomainSocketEndPoint unix => (default, unix.ToString(), StableHash.Of(unix.ToString())),
            _ => throw new ArgumentException($"{address} is neither an IP address with a port nor a Unix socket", nameof(address)),
        };
    }

    public Endpoint(in InetEndPoint address) => (Address, UnixPath, Identity) = Of(address);

    /// <summary>Of a Unix socket: 0.0.0.0:0.</summary>
    public InetEndPoint Address { get; }

    /// <summary>Null: it is an IP endpoint.</summary>
    public string? UnixPath { get; }

    /// <summary>Open, being made, and those that end.</summary>
    public int Connections => Volatile.Read(ref _connections);

    /// <summary>Connections that failed on it since one succeeded.</summary>
    public int Failures => Volatile.Read(ref _failures);

    /// <summary>Health checks say that it is down.</summary>
    public bool IsDown => _isDown;

    public Circuit Circuit => _circuit;

    /// <summary>What the operator wants of it. Any thread.</summary>
    public EndpointOrder Order
    {
        get => _order;
        internal set => _order = value;
    }

    /// <summary>Neither down nor out, or said to be so.</summary>
    public bool IsHealthy =>
        _order switch
        {
            EndpointOrder.None => !_isDown && _circuit == Circuit.Closed,
            EndpointOrder.Up => true,
            _ => false,
        };

    /// <summary>Null: none has ended yet.</summary>
    public EndpointCheck? LastCheck
    {
        get => _lastCheck;
        internal set => _lastCheck = value;
    }

    /// <summary>Since it exists.</summary>
    public EndpointCounters Counters { get; } = new();

    /// <summary>What stands for it in the configuration; null in tests that have none.</summary>
    internal ConfiguredEndpoint? Configured
    {
        get => _configured;
        set
        {
            _configured = value;
            Counters.Above = value?.Counters;
        }
    }

    /// <summary>A number that is the same in every process, for hashing.</summary>
    internal ulong Identity { get; }

    /// <summary>A connection may be begun on it.</summary>
    /// <param name="maximum">As <see cref="Settings.UpstreamSettings.MaxConnections"/>.</param>
    /// <param name="anyHealth">Also if it is down or out.</param>
    internal bool Admits(int maximum, bool anyHealth) =>
        (maximum == 0 || Connections < maximum)
        && _order switch
        {
            EndpointOrder.Drain => false,
            EndpointOrder.Up => true,
            EndpointOrder.Down => anyHealth,
            _ => anyHealth
                || (!_isDown && (_circuit == Circuit.Closed || (_circuit == Circuit.HalfOpen && Volatile.Read(ref _trial) == 0))),
        };

    /// <summary>Takes a place for one connection, if there still is one.</summary>
    /// <param name="candidates">What it was chosen by.</param>
    /// <param name="isTrial">The connection is the one that decides whether it comes back.</param>
    internal bool TryEnter(in Candidates candidates, out bool isTrial)
    {
        isTrial = false;
        if (Interlocked.Increment(ref _connections) > candidates.Maximum && candidates.Maximum != 0)
        {
            Leave();
            return false;
        }

        if (_circuit != Circuit.HalfOpen || _order == EndpointOrder.Up)
            return true;
        isTrial = Interlocked.CompareExchange(ref _trial, 1, 0) == 0;
        if (isTrial || candidates.AnyHealth)
            return true;
        Leave();
        return false;
    }

    internal void Leave() => Interlocked.Decrement(ref _connections);

    /// <summary>The trial ended without saying anything: the client went.</summary>
    internal void EndTrial() => Volatile.Write(ref _trial, 0);

    /// <summary>Failures in a row, with this one.</summary>
    internal int CountFailure() => Interlocked.Increment(ref _failures);

    internal void ClearFailures()
    {
        if (Volatile.Read(ref _failures) != 0)
            Volatile.Write(ref _failures, 0);
    }

    internal void SetDown(bool isDown) => _isDown = isDown;

    internal void SetCircuit(Circuit circuit)
    {
        Volatile.Write(ref _trial, 0);
        _circuit = circuit;
    }

    /// <summary>Its share grows from now on (<see cref="RampPercent"/>).</summary>
    internal void BeginRamp(long now) => Volatile.Write(ref _rampFrom, now);

    /// <summary>How much of its weight counts, 10 to 100.</summary>
    internal int RampPercent(long now, long slowStartNanos)
    {
        var from = Volatile.Read(ref _rampFrom);
        if (slowStartNanos == 0 || from == long.MinValue || now - from >= slowStartNanos)
            return 100;
        return MinimumRampPercent + (int)((100 - MinimumRampPercent) * Math.Max(0, now - from) / slowStartNanos);
    }

    /// <summary>Asked for at the end of each connection that is logged.</summary>
    public override string ToString() => _text ??= UnixPath ?? Address.ToString();

    private static (InetEndPoint, string?, ulong) Of(in InetEndPoint address)
    {
        var bits = address.AddressBits;
        return (address, null, StableHash.Of((ulong)(bits >> 64), (ulong)bits, address.Port));
    }
}

/// <summary>Whether connections go to an endpoint, by how connections on it ended.</summary>
public enum Circuit
{
    /// <summary>They do.</summary>
    Closed,

    /// <summary>None does.</summary>
    Open,

    /// <summary>One at a time does, to find out.</summary>
    HalfOpen,
}
