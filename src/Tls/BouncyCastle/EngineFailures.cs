using Org.BouncyCastle.Tls;

namespace TlsGateway.Tls.BouncyCastle;

/// <summary>BouncyCastle's exceptions as values.</summary>
internal static class EngineFailures
{
    private const int MaxDetail = 200;

    public static TlsFailure Of(Exception exception, EngineEvents events)
    {
        if (exception is TlsFatalAlertReceived received)
        {
            return new TlsFailure(TlsFailureKind.PeerAlert, received.AlertDescription, AlertDescription.GetText(received.AlertDescription));
        }
        if (events.Cause.Kind != TlsFailureKind.None)
        {
            return events.Cause with { Alert = events.AlertSent };
        }
        short alert = exception is TlsFatalAlert fatal ? fatal.AlertDescription : events.AlertSent;
        string detail = exception.InnerException?.Message ?? exception.Message;
        return new TlsFailure(KindOf(alert, exception), alert, detail.Length <= MaxDetail ? detail : detail[..MaxDetail]);
    }

    private static TlsFailureKind KindOf(short alert, Exception exception) =>
        alert switch
        {
            AlertDescription.protocol_version => TlsFailureKind.NoCommonVersion,
            AlertDescription.handshake_failure => TlsFailureKind.NoCommonParameters,
            AlertDescription.no_application_protocol => TlsFailureKind.NoCommonApplicationProtocol,
            AlertDescription.unrecognized_name => TlsFailureKind.UnknownServerName,
            AlertDescription.certificate_required => TlsFailureKind.CertificateMissing,
            AlertDescription.certificate_expired => TlsFailureKind.CertificateExpired,
            AlertDescription.certificate_revoked => TlsFailureKind.CertificateRevoked,
            AlertDescription.access_denied => TlsFailureKind.AccessDenied,
            AlertDescription.bad_certificate or AlertDescription.unknown_ca or AlertDescription.unsupported_certificate =>
                TlsFailureKind.CertificateRejected,
            AlertDescription.internal_error when !IsPeersFault(exception) => TlsFailureKind.Internal,
            _ => TlsFailureKind.ProtocolViolation,
        };

    // A message that ends too early makes BouncyCastle's parser run off its end; one that is too long gets a bare internal_error.
    private static bool IsPeersFault(Exception exception) =>
        exception is EndOfStreamException or TlsFatalAlert { InnerException: null or EndOfStreamException };
}
