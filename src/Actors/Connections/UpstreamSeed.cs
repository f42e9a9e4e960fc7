using Akka.Actor;
using TlsGateway.Actors.Balancing;
using TlsGateway.Actors.ProxyProtocol;
using TlsGateway.Actors.Stalls;
using TlsGateway.Tls;

namespace TlsGateway.Actors.Connections;

/// <summary>What an upstream leg begins with. The stall clock is its connection's: both legs run on one loop.</summary>
/// <param name="Connection">Of the other leg.</param>
/// <param name="Upstream">Whereto the route leads.</param>
/// <param name="Key">What an endpoint is chosen by where hashing chooses.</param>
/// <param name="Header">What the upstream is told of the client first; null: nothing.</param>
/// <param name="Wishes">What is copied to a TLS session with the upstream.</param>
/// <param name="Stalls">Of the connection.</param>
/// <param name="Downstream">The other leg.</param>
internal sealed record UpstreamSeed(
    ConnectionSeed Connection,
    Upstream Upstream,
    ulong Key,
    ProxyHeader? Header,
    ClientWishes Wishes,
    StallClock Stalls,
    IActorRef Downstream
) : IDataPathMessage
{
    private EndpointTraffic? _traffic;

    /// <summary>The endpoint that has the connection, or is being connected to; null while there is none. The leg writes it, its connection shows it.</summary>
    public Endpoint? Endpoint
    {
        get;
        set
        {
            field = value;
            LastEndpoint = value ?? LastEndpoint;
            Stalls.Charge(Connection.Loop.Loop.Now);
            Stalls.Endpoint = value?.Counters;
            // What an endpoint sent before it ended may be counted after that.
            _traffic = value?.Configured?.TrafficOf(Connection.Loop.Loop.Index) ?? _traffic;
        }
    }

    /// <summary>As <see cref="Endpoint"/>, and after it has ended too.</summary>
    public Endpoint? LastEndpoint { get; private set; }

    /// <summary>Of the TLS session with it; null: there is none (yet).</summary>
    public TlsSessionInfo? Session
    {
        get;
        set
        {
            field = value;
            LastSession = value ?? LastSession;
        }
    }

    public TlsSessionInfo? LastSession { get; private set; }

    /// <summary>Plaintext sent to the endpoint.</summary>
    public void CountSent(int bytes)
    {
        Connection.Counters.UpstreamSentBytes += bytes;
        _traffic?.CountSent(bytes);
    }

    /// <summary>Plaintext received from the endpoint.</summary>
    public void CountReceived(int bytes)
    {
        Connection.Counters.UpstreamReceivedBytes += bytes;
        _traffic?.CountReceived(bytes);
    }

    /// <summary>When the endpoint had the connection, loop time; -1: it has not.</summary>
    public long ConnectedAt { get; set; } = -1;
}
