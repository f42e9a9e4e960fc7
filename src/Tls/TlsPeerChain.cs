namespace TlsGateway.Tls;

/// <summary>What a server showed of itself, as it came: nothing of it has been verified.</summary>
/// <param name="Certificates">DER, in the order of the server's Certificate message; empty when the session was resumed on TLS 1.2 or nothing came.</param>
/// <param name="Staple">The OCSP response it stapled, DER; empty when there was none or none was asked for.</param>
public sealed record TlsPeerChain(IReadOnlyList<ReadOnlyMemory<byte>> Certificates, ReadOnlyMemory<byte> Staple);
