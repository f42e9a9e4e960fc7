using System.Security.Cryptography.X509Certificates;

namespace TlsGateway.Fleet.Settings;

/// <summary>How members prove to each other that they are members, in both directions.</summary>
/// <param name="Certificate">This member's, with its key; for servers and for clients.</param>
/// <param name="Authorities">Whoever they sign for, with <paramref name="Role"/> in the certificate, is a member.</param>
/// <param name="Role">A DNS name that every member's certificate has among its subject alternative names.</param>
/// <param name="VerifiesHost">The certificate of a member that this one connects to has the name or address that it was reached by.</param>
public sealed record FleetTls(X509Certificate2 Certificate, X509Certificate2Collection Authorities, string Role, bool VerifiesHost)
{
    /// <summary>By the digests of certificates: what <see cref="FleetNode"/> starts anew for.</summary>
    public bool IsSameAs(FleetTls other) =>
        Role == other.Role
        && VerifiesHost == other.VerifiesHost
        && Certificate.RawDataMemory.Span.SequenceEqual(other.Certificate.RawDataMemory.Span)
        && Authorities.Count == other.Authorities.Count
        && Authorities
            .Zip(other.Authorities)
            .All(static pair => pair.First.RawDataMemory.Span.SequenceEqual(pair.Second.RawDataMemory.Span));
}
