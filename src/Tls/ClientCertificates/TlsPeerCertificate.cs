namespace TlsGateway.Tls.ClientCertificates;

/// <summary>A peer's leaf certificate that has verified, as far as it identifies the peer.</summary>
/// <param name="Subject">RFC 4514 text, such as CN=client,O=Example.</param>
/// <param name="Issuer">RFC 4514 text.</param>
/// <param name="SerialNumber">Upper-case hex.</param>
/// <param name="NotBefore">Valid from.</param>
/// <param name="NotAfter">Valid to.</param>
/// <param name="CommonNames">Each CN of the subject.</param>
/// <param name="OrganizationalUnits">Each OU of the subject.</param>
/// <param name="DnsNames">subjectAltName dNSName.</param>
/// <param name="Uris">subjectAltName uniformResourceIdentifier; a SPIFFE ID is one.</param>
/// <param name="Der">The certificate itself.</param>
/// <param name="IssuerDer">The certificate that signed it, from the verified chain; empty when not known.</param>
public sealed record TlsPeerCertificate(
    string Subject,
    string Issuer,
    string SerialNumber,
    DateTimeOffset NotBefore,
    DateTimeOffset NotAfter,
    IReadOnlyList<string> CommonNames,
    IReadOnlyList<string> OrganizationalUnits,
    IReadOnlyList<string> DnsNames,
    IReadOnlyList<string> Uris,
    ReadOnlyMemory<byte> Der,
    ReadOnlyMemory<byte> IssuerDer
)
{
    public override string ToString() => $"TlsPeerCertificate({Subject})";
}
