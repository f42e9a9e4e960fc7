using TlsGateway.Tls.Sodium;

namespace TlsGateway.Tls.OpenSsl;

/// <summary>Turns OpenSSL's error queue (ERR_get_error(3)) into values. The queue is per thread: read it right after the call that failed.</summary>
internal static unsafe class OpenSslErrors
{
    /// <summary>SSL_AD_REASON_OFFSET: reasons above it are alerts that the peer sent.</summary>
    private const int AlertReasonOffset = 1000;
    private const int SslLibrary = 20;
    private const int X509Library = 11;

    private const int UnrecognizedName = 112;
    private const int CertificateNotYetValid = 9;
    private const int CertificateHasExpired = 10;
    private const int CertificateRevoked = 23;

    /// <summary>ERR_RFLAG_COMMON: the reason is one that any library may raise, such as ERR_R_INTERNAL_ERROR.</summary>
    private const int CommonReasonFlag = 0x2 << 18;

    /// <summary>A detail goes into log lines and metrics' exemplars: long enough for every reason string of OpenSSL.</summary>
    private const int MaxDetailLength = 200;

    /// <summary>Empties the queue and says what was in it, oldest (the cause) first.</summary>
    public static string DrainText()
    {
        string text = "";
        for (ulong error = LibCrypto.ERR_get_error(); error != 0; error = LibCrypto.ERR_get_error())
        {
            text = text.Length == 0 ? Reason(error) : $"{text}; {Reason(error)}";
        }
        return text.Length == 0 ? "no reason given" : Bound(text);
    }

    /// <summary>
    /// Empties the queue; libssl's oldest entry becomes the failure, for it says what was being done: a signature that does not fit is one thing in a certificate and another in
    /// a handshake message. Without one, the oldest of any library.
    /// </summary>
    /// <param name="ssl">The session that failed.</param>
    /// <param name="alertSent">The alert that it sent, or -1.</param>
    public static TlsFailure DrainFailure(nint ssl, int alertSent)
    {
        ulong error = 0;
        for (ulong next = LibCrypto.ERR_get_error(); next != 0 && !IsOfSsl(error); next = LibCrypto.ERR_get_error())
        {
            error = error == 0 || IsOfSsl(next) ? next : error;
        }
        LibCrypto.ERR_clear_error();
        if (X25519Exchange.TakeRefusal())
        {
            return new TlsFailure(TlsFailureKind.ProtocolViolation, alertSent, X25519.SmallOrderText);
        }
        if (error == 0)
        {
            return new TlsFailure(TlsFailureKind.Internal, alertSent, "OpenSSL gave no reason");
        }
        int library = (int)((error >> 23) & 0xff);
        int reason = (int)(error & 0x7fffff);
        if (!IsOfSsl(error))
        {
            return new TlsFailure(KindOfForeign(library, alertSent), alertSent, Reason(error));
        }
        if (reason > AlertReasonOffset)
        {
            return new TlsFailure(TlsFailureKind.PeerAlert, reason - AlertReasonOffset, Reason(error));
        }
        return new TlsFailure(
            KindOf(ssl, reason, alertSent),
            reason == SslReason.NoRenegotiation ? 100 : alertSent,
            Detail(ssl, error, reason)
        );
    }

    private static bool IsOfSsl(ulong error) => ((error >> 23) & 0xff) == SslLibrary && (error & CommonReasonFlag) == 0;

    private static TlsFailureKind KindOf(nint ssl, int reason, int alertSent) =>
        reason switch
        {
            SslReason.UnexpectedEofWhileReading => TlsFailureKind.Truncated,
            SslReason.NoRenegotiation => TlsFailureKind.PeerAlert,
            SslReason.CertificateVerifyFailed => KindOfVerdict(LibSsl.SSL_get_verify_result(ssl)),
            SslReason.PeerDidNotReturnACertificate => TlsFailureKind.CertificateMissing,
            SslReason.NoSharedCipher => TlsFailureKind.NoCommonCipherSuite,
            SslReason.NoSharedGroups or SslReason.NoSuitableKeyShare or SslReason.NoSuitableGroups => TlsFailureKind.NoCommonGroup,
            SslReason.NoSharedSignatureAlgorithms or SslReason.NoSuitableSignatureAlgorithm or SslReason.NoSuitableDigestAlgorithm =>
                TlsFailureKind.NoCommonSignatureAlgorithm,
            SslReason.NoApplicationProtocol => TlsFailureKind.NoCommonApplicationProtocol,
            SslReason.NoProtocolsAvailable
            or SslReason.UnsupportedProtocol
            or SslReason.UnsupportedSslVersion
            or SslReason.UnknownProtocol
            or SslReason.VersionTooHigh
            or SslReason.VersionTooLow
            or SslReason.WrongSslVersion => TlsFailureKind.NoCommonVersion,
            SslReason.InappropriateFallback => TlsFailureKind.NoCommonParameters,
            // The server name callback refused: the alert is the only thing that tells it from other callbacks.
            SslReason.CallbackFailed when alertSent == UnrecognizedName => TlsFailureKind.UnknownServerName,
            SslReason.BadWriteRetry or SslReason.Uninitialized => TlsFailureKind.Internal,
            _ => TlsFailureKind.ProtocolViolation,
        };

    /// <summary>X509_V_ERR_* of openssl/x509_vfy.h.</summary>
    private static TlsFailureKind KindOfVerdict(long verdict) =>
        verdict switch
        {
            CertificateNotYetValid or CertificateHasExpired => TlsFailureKind.CertificateExpired,
            CertificateRevoked => TlsFailureKind.CertificateRevoked,
            _ => TlsFailureKind.CertificateRejected,
        };

    // An error of libcrypto that made OpenSSL send an alert was provoked by the peer's bytes (a bad point, a bad signature); internal_error (80) is ours.
    private static TlsFailureKind KindOfForeign(int library, int alertSent) =>
        library == X509Library ? TlsFailureKind.CertificateRejected
        : alertSent is > 0 and not 80 ? TlsFailureKind.ProtocolViolation
        : TlsFailureKind.Internal;

    private static string Detail(nint ssl, ulong error, int reason)
    {
        if (reason != SslReason.CertificateVerifyFailed)
        {
            return Reason(error);
        }
        string verdict = OpenSslLibrary.Utf8(LibCrypto.X509_verify_cert_error_string(LibSsl.SSL_get_verify_result(ssl)));
        return Bound($"{Reason(error)}: {verdict}");
    }

    private static string Reason(ulong error)
    {
        byte* reason = LibCrypto.ERR_reason_error_string(error);
        return reason != null
            ? Bound(OpenSslLibrary.Utf8(reason))
            : $"{OpenSslLibrary.Utf8(LibCrypto.ERR_lib_error_string(error))} error {error & 0x7fffff}";
    }

    private static string Bound(string text) => text.Length <= MaxDetailLength ? text : text[..MaxDetailLength];

    /// <summary>SSL_R_* of openssl/sslerr.h; part of the ABI.</summary>
    private static class SslReason
    {
        public const int NoSuitableKeyShare = 101;
        public const int NoSuitableSignatureAlgorithm = 118;
        public const int BadWriteRetry = 127;
        public const int CertificateVerifyFailed = 134;
        public const int VersionTooHigh = 166;
        public const int NoProtocolsAvailable = 191;
        public const int NoSharedCipher = 193;
        public const int PeerDidNotReturnACertificate = 199;
        public const int CallbackFailed = 234;
        public const int NoApplicationProtocol = 235;
        public const int UnknownProtocol = 252;
        public const int UnsupportedProtocol = 258;
        public const int UnsupportedSslVersion = 259;
        public const int WrongSslVersion = 266;
        public const int Uninitialized = 276;
        public const int UnexpectedEofWhileReading = 294;
        public const int NoSuitableGroups = 295;
        public const int NoSuitableDigestAlgorithm = 297;
        public const int NoRenegotiation = 339;
        public const int InappropriateFallback = 373;
        public const int NoSharedSignatureAlgorithms = 376;
        public const int VersionTooLow = 396;
        public const int NoSharedGroups = 410;
    }
}
