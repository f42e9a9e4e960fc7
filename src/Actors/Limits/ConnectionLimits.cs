using System.Runtime.CompilerServices;
using TlsGateway.Transport;

namespace TlsGateway.Actors.Limits;

/// <summary>The limits that one connection is under, with its places in them. None for a connection that is under none. On the loop's thread.</summary>
internal sealed class ConnectionLimits
{
    private const int FirstOfClient = 2;
    private const int OfFleet = 4;

    private readonly LimitState _gateway;
    private readonly LimitState _listener;

    /// <summary>The gateway's and the listener's for all, the gateway's, the listener's and the fleet's for the client's network; null where there is no limit.</summary>
    private Places _places;
    private bool _tookHandshake;

    private ConnectionLimits(LimitState gateway, LimitState listener) => (_gateway, _listener) = (gateway, listener);

    /// <summary>Takes the places of a connection that was accepted.</summary>
    /// <param name="gateway">Of all listeners.</param>
    /// <param name="listener">Of its listener.</param>
    /// <param name="client">Its address; null while a proxy in front has not said it (<see cref="EnterClient"/>).</param>
    /// <param name="now">The loop's clock.</param>
    /// <param name="limits">Null: it is under no limit, or refused.</param>
    /// <returns>Why it is refused; None: it is not.</returns>
    public static CloseReason Enter(LimitState gateway, LimitState listener, InetEndPoint? client, long now, out ConnectionLimits? limits)
    {
        limits = null;
        var areClientsLimited = gateway.LimitsClients || listener.LimitsClients || gateway.LimitsFleetClients;
        if (!gateway.LimitsAll && !listener.LimitsAll && !areClientsLimited)
            return CloseReason.None;
        var entering = new ConnectionLimits(gateway, listener);
        var reason = entering.EnterAll(now);
        if (reason == CloseReason.None && client is { } known)
            reason = entering.EnterClient(known, now);
        if (reason == CloseReason.None)
            limits = entering;
        else
            entering.Leave();
        return reason;
    }

    /// <summary>Takes the places of its client's network. On a refusal those that it has stay, until <see cref="Leave"/>.</summary>
    public CloseReason EnterClient(in InetEndPoint client, long now)
    {
        var verdict = LimitVerdict.Admitted;
        if (_gateway.LimitsClients)
            verdict = Enter(_gateway.Clients, client, now, ref _places[FirstOfClient]);
        if (verdict == LimitVerdict.Admitted && _listener.LimitsClients)
            verdict = Enter(_listener.Clients, client, now, ref _places[FirstOfClient + 1]);
        return verdict switch
        {
            LimitVerdict.TooMany => CloseReason.ClientTooManyConnections,
            LimitVerdict.TooFast => CloseReason.ClientConnectionRateExceeded,
            _ => EnterFleet(client, now),
        };
    }

    /// <summary>A handshake is about to begin.</summary>
    /// <returns>Why it may not; None: it may.</returns>
    public CloseReason TakeHandshake(long now)
    {
        for (var i = 0; i < Places.Count; i++)
        {
            if (_places[i]?.HandshakeRate.TryTake(now) != false)
                continue;
            GiveBackHandshakes(i);
            return i switch
            {
                < FirstOfClient => CloseReason.HandshakeRateExceeded,
                OfFleet => CloseReason.FleetClientHandshakeRateExceeded,
                _ => CloseReason.ClientHandshakeRateExceeded,
            };
        }

        _places[OfFleet]?.CountHandshake(1);
        _tookHandshake = true;
        return CloseReason.None;
    }

    /// <summary>It was resumed, which costs a small part of a full one.</summary>
    public void HandshakeWasResumed()
    {
        if (!_tookHandshake)
            return;
        GiveBackHandshakes(Places.Count);
        _places[OfFleet]?.CountHandshake(-1);
        _tookHandshake = false;
    }

    /// <summary>Nanoseconds until bytes of the client may be received; 0: now.</summary>
    public long ReceiveWait(long now)
    {
        long wait = 0;
        foreach (var place in _places)
            wait = Math.Max(wait, place?.ReceiveRate.Wait(now) ?? 0);
        return wait;
    }

    public void Received(long now, int bytes)
    {
        foreach (var place in _places)
            place?.ReceiveRate.Charge(now, bytes);
    }

    /// <summary>Nanoseconds until bytes may be sent to the client; 0: now.</summary>
    public long SendWait(long now)
    {
        long wait = 0;
        foreach (var place in _places)
            wait = Math.Max(wait, place?.SendRate.Wait(now) ?? 0);
        return wait;
    }

    public void Sent(long now, int bytes)
    {
        foreach (var place in _places)
            place?.SendRate.Charge(now, bytes);
    }

    /// <summary>Another member of the fleet serves the connection from here on, and counts it.</summary>
    public void LeaveFleet()
    {
        _places[OfFleet]?.Leave();
        _places[OfFleet] = null;
    }

    /// <summary>Gives its places back. Called once, at the end.</summary>
    public void Leave()
    {
        foreach (var place in _places)
            place?.Leave();
        _places = default;
    }

    private CloseReason EnterAll(long now)
    {
        var verdict = _gateway.LimitsAll ? Enter(_gateway.All, now, ref _places[0]) : LimitVerdict.Admitted;
        if (verdict == LimitVerdict.Admitted && _listener.LimitsAll)
            verdict = Enter(_listener.All, now, ref _places[1]);
        return verdict switch
        {
            LimitVerdict.TooMany => CloseReason.TooManyConnections,
            LimitVerdict.TooFast => CloseReason.ConnectionRateExceeded,
            _ => CloseReason.None,
        };
    }

    private CloseReason EnterFleet(in InetEndPoint client, long now) =>
        _gateway.Fleet is { IsOn: true } fleet && Enter(fleet.Table, client, now, ref _places[OfFleet]) != LimitVerdict.Admitted
            ? CloseReason.FleetClientTooManyConnections
            : CloseReason.None;

    private void GiveBackHandshakes(int count)
    {
        for (var i = 0; i < count; i++)
            _places[i]?.HandshakeRate.GiveBack();
    }

    private static LimitVerdict Enter(LimitScope scope, long now, ref LimitScope? place)
    {
        var verdict = scope.TryEnter(now);
        if (verdict == LimitVerdict.Admitted)
            place = scope;
        return verdict;
    }

    private static LimitVerdict Enter(ClientTable table, in InetEndPoint client, long now, ref LimitScope? place)
    {
        var verdict = table.TryEnter(client, now, out var scope);
        if (verdict == LimitVerdict.Admitted)
            place = scope;
        return verdict;
    }

    [InlineArray(Count)]
    private struct Places
    {
        public const int Count = 5;
        private LimitScope? _first;
    }
}
