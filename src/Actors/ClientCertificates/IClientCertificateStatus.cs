using TlsGateway.Tls;
using TlsGateway.Tls.ClientCertificates;

namespace TlsGateway.Actors.ClientCertificates;

/// <summary>
/// Says whether a client's certificate that has verified still holds, by asking elsewhere (OCSP, RFC 6960). Asked after the handshake and before a byte is relayed, since no engine
/// can wait inside it.
/// </summary>
public interface IClientCertificateStatus
{
    /// <summary>What is known without asking; null: it has to be asked. Called on a loop: must be quick and must not throw. Any thread.</summary>
    ClientCertificateVerdict? Known(TlsPeerCertificate certificate);

    /// <summary>Asks. Ends with a verdict within a bounded time and does not fail: who cannot answer is a verdict too. Any thread.</summary>
    Task<ClientCertificateVerdict> AskAsync(TlsPeerCertificate certificate);
}

/// <summary>Lets a client in, or says why not.</summary>
/// <param name="Failure"><see cref="TlsFailure.None"/> lets it in; else the kind, the alert to send and words for the log.</param>
public sealed record ClientCertificateVerdict(TlsFailure Failure)
{
    public static ClientCertificateVerdict Good { get; } = new(TlsFailure.None);

    public bool IsGood => Failure.Kind == TlsFailureKind.None;
}
