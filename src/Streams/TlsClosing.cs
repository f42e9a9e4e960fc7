namespace TlsGateway.Streams;

/// <summary>Which ends of the plaintext side the flow passes on at once; the names are those of the JVM's Akka.</summary>
[Flags]
public enum TlsClosing
{
    /// <summary>The end of the plaintext to send becomes close_notify; a cancellation of the received plaintext ends both directions.</summary>
    EagerClose = 0,

    /// <summary>After a cancellation of the received plaintext, sending goes on to its own end; what is received is dropped.</summary>
    IgnoreCancel = 1,

    /// <summary>After the end of the plaintext to send, close_notify waits until the received plaintext has ended or was cancelled.</summary>
    IgnoreComplete = 2,

    /// <summary>Both: close_notify goes out when both have ended.</summary>
    IgnoreBoth = IgnoreCancel | IgnoreComplete,
}
