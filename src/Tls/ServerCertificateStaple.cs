namespace TlsGateway.Tls;

/// <summary>
/// The OCSP response that is stapled to one certificate (RFC 6066 §8, RFC 8446 §4.4.2.1). Whoever fetches it sets it; engines read it in each handshake whose client asks. Any thread.
/// </summary>
public sealed class ServerCertificateStaple
{
    private volatile Held? _held;

    /// <summary>Staples <paramref name="response"/> (a DER OCSPResponse, RFC 6960 §4.2.1) from <paramref name="thisUpdate"/> until <paramref name="nextUpdate"/>, as it says itself.</summary>
    public void Set(byte[] response, DateTimeOffset thisUpdate, DateTimeOffset nextUpdate) =>
        _held = new Held(response, thisUpdate, nextUpdate);

    /// <summary>When the responder knew what the response says; null: there is none.</summary>
    public DateTimeOffset? ThisUpdate => _held?.ThisUpdate;

    public void Clear() => _held = null;

    /// <summary>The response to send at <paramref name="now"/>, or null: there is none, or it is over.</summary>
    public byte[]? Get(DateTimeOffset now) => _held is { } held && now < held.NextUpdate ? held.Response : null;

    private sealed record Held(byte[] Response, DateTimeOffset ThisUpdate, DateTimeOffset NextUpdate);
}
