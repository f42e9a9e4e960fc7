namespace TlsGateway.Streams;

/// <summary>How a <see cref="TlsBidiFlow"/> ends.</summary>
public sealed record TlsFlowOptions
{
    /// <summary>Ends are passed on at once and truncation is a failure.</summary>
    public static TlsFlowOptions Default { get; } = new();

    /// <summary>What ends of the plaintext side do.</summary>
    public TlsClosing Closing { get; init; }

    /// <summary>
    /// Ciphertext that ends without close_notify completes the plaintext instead of failing it. Only for protocols that say themselves where a message ends: an
    /// attacker can cut the connection (RFC 8446 §6.1).
    /// </summary>
    public bool TolerateTruncation { get; init; }
}
