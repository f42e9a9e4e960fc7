namespace TlsGateway.Actors.Relaying;

/// <summary>What became of a connection that was to be relayed: at the member that relays it and, in the second half, at the one it comes to. Metric label in snake case.</summary>
internal enum RelayOutcome
{
    /// <summary>The other member has it, or, there: it was taken.</summary>
    Relayed,

    /// <summary>The other member's relay port did not answer or refused the connection.</summary>
    ConnectFailed,

    /// <summary>Not done within its time.</summary>
    TimedOut,

    /// <summary>The other member closed it without taking it.</summary>
    Declined,

    /// <summary>What answered is no member.</summary>
    NotAuthentic,

    /// <summary>No descriptors or memory.</summary>
    OutOfResources,

    /// <summary>What came is no request of a member's.</summary>
    Malformed,

    /// <summary>A key that is not one of the moment.</summary>
    UnknownKey,

    /// <summary>The authentication code is wrong: forged, or recorded and played again.</summary>
    WrongMac,

    /// <summary>There is no such listener here.</summary>
    UnknownListener,

    /// <summary>The listener does not take it: limits, memory, an access list, or it drains.</summary>
    NoRoom,

    /// <summary>Too many at a time that have not said yet what they are.</summary>
    Busy,
}
