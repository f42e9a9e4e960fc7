namespace TlsGateway.Actors.Stalls;

/// <summary>What had begun and could not go on.</summary>
public enum StallOperation
{
    Handshake,
    Rehandshake,
    Read,
    Write,
    Shutdown,
}

/// <summary>What it waited for, in OpenSSL's words: WANT_READ or WANT_WRITE.</summary>
public enum StallWant
{
    Read,
    Write,
}

/// <summary>The side of the gateway where it stood.</summary>
public enum StallLeg
{
    Downstream,
    Upstream,
}

/// <summary>Who could have ended it.</summary>
public enum StallCause
{
    /// <summary>The client did not send or drain.</summary>
    Client,

    /// <summary>The upstream did not send, drain or accept.</summary>
    Upstream,

    /// <summary>Bytes or room were there, the loop had not come to it yet.</summary>
    Self,
}
