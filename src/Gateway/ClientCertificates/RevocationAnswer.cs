namespace TlsGateway.Gateway.ClientCertificates;

/// <summary>What a responder says of one certificate (RFC 6960 §2.2).</summary>
internal enum RevocationStatus
{
    Good,
    Revoked,

    /// <summary>The responder does not know it, or there was no answer that can be believed.</summary>
    Unknown,
}

/// <summary>An answer with how long it holds.</summary>
/// <param name="Status">What was found.</param>
/// <param name="ValidUntil">nextUpdate of the response; for <see cref="RevocationStatus.Unknown"/> of no meaning.</param>
/// <param name="Detail">For the log: when it was revoked, or why there is no answer.</param>
internal sealed record RevocationAnswer(RevocationStatus Status, DateTimeOffset ValidUntil, string Detail)
{
    /// <summary>thisUpdate of the response.</summary>
    public DateTimeOffset ValidFrom { get; init; }
}
