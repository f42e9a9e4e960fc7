namespace TlsGateway.Actors.Sessions;

/// <summary>What the machine wants done next. The actor does it and tells the machine what came of it.</summary>
public enum SessionAction
{
    /// <summary>Nothing: only a message can change anything.</summary>
    Wait,

    /// <summary>recv into the session's buffer, look at the first bytes, answer with <see cref="SessionMachine.HelloSeen"/> or a receive result.</summary>
    ReceiveHello,

    /// <summary>recv ciphertext.</summary>
    Receive,

    /// <summary>recv and throw away, so that closing does not reset the connection under what the client has yet to read.</summary>
    Discard,

    /// <summary>send what the session has pending.</summary>
    Send,

    /// <summary>Call the session's Handshake.</summary>
    Handshake,

    /// <summary>Create the upstream leg.</summary>
    OpenUpstream,

    /// <summary>Call the session's Read, give the plaintext to the upstream leg.</summary>
    Read,

    /// <summary>Call the session's Write with the oldest data from the upstream leg.</summary>
    Write,

    /// <summary>Call the session's Shutdown: close_notify.</summary>
    Shutdown,

    /// <summary>Tell the upstream leg that the client sends no more.</summary>
    CloseUpstream,

    /// <summary>shutdown(2) the sending side.</summary>
    ShutdownSocket,

    /// <summary>End the connection.</summary>
    Close,
}
