using Org.BouncyCastle.Tls;

namespace TlsGateway.Tls.BouncyCastle;

internal sealed partial class EngineEvents
{
    /// <summary>The certificate that a server shows; none in a resumed handshake.</summary>
    public CertificateAlgorithms Shown { get; set; } = CertificateAlgorithms.None;

    /// <summary>The first handshake ended: keeps what BouncyCastle forgets after its callback.</summary>
    public void Complete(TlsContext context, string serverName, bool isResumed)
    {
        SecurityParameters parameters = context.SecurityParameters;
        IsHandshakeComplete = true;
        Exporter = SessionExporter.Of(context);
        IsTls13 = TlsUtilities.IsTlsV13(context);
        Counters.RxRecordsSinceKey = 0;
        Counters.TxRecordsSinceKey = 0;
        Counters.RxRecordsSinceData = 0;
        Info = new TlsSessionInfo(
            IsTls13 ? "TLSv1.3" : "TLSv1.2",
            ParameterNumbers.SuiteName(parameters.CipherSuite),
            ParameterNumbers.GroupName(IsTls13 ? parameters.NegotiatedGroup : Tls12Group),
            parameters.ApplicationProtocol?.GetUtf8Decoding() ?? "",
            serverName,
            isResumed
        )
        {
            CertificateSignature = Shown.Signature,
            CertificateKey = Shown.Key,
        };
    }
}
