using TlsGateway.Actors.ClientCertificates;

namespace TlsGateway.Actors.Connections;

/// <summary>The answer that a connection waits for before it relays. At most one in flight per connection.</summary>
internal sealed record ClientCertificateChecked(TlsConnection Connection, ClientCertificateVerdict Verdict) : IDataPathMessage;
