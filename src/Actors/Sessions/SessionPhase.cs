namespace TlsGateway.Actors.Sessions;

/// <summary>Where a downstream connection stands.</summary>
public enum SessionPhase
{
    /// <summary>Waits for the first bytes; is it TLS at all? No session exists yet.</summary>
    PeekingHello,

    /// <summary>The first handshake runs; its deadline holds for all of it.</summary>
    Handshaking,

    /// <summary>Relays. Idle, or rehandshaking.</summary>
    Open,

    /// <summary>As Open, but the gateway wants to end: nothing new is waited for longer than the drain time.</summary>
    Draining,

    /// <summary>Relays no more: delivers what is owed (data, alert, close_notify), then waits for the client to close.</summary>
    ShuttingDown,

    /// <summary>Nothing more to do; the socket can be closed.</summary>
    Closed,
}
