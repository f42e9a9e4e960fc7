using TlsGateway.Actors.ClientCertificates;
using TlsGateway.Tls.ClientCertificates;

namespace TlsGateway.Gateway.ClientCertificates;

/// <summary>A listener's policy for client certificates, ready for use.</summary>
/// <param name="Authentication">What the engine checks.</param>
/// <param name="Scope">The same only for the same list of clients: sessions are not resumed across lists.</param>
/// <param name="Status">Asked after the handshake; null: nothing is looked up.</param>
internal sealed record ClientCertificatePolicy(TlsClientAuthentication Authentication, string Scope, IClientCertificateStatus? Status);
