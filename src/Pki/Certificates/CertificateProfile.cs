namespace TlsGateway.Pki.Certificates;

/// <summary>What a certificate is for: its key usages and extended key usages follow (RFC 5280 §4.2.1.3, §4.2.1.12).</summary>
public enum CertificateProfile
{
    /// <summary>Signs certificates and CRLs.</summary>
    Authority,

    /// <summary>serverAuth.</summary>
    Server,

    /// <summary>clientAuth.</summary>
    Client,

    /// <summary>serverAuth and clientAuth: members that speak TLS to each other.</summary>
    Member,

    /// <summary>OCSPSigning with id-pkix-ocsp-nocheck (RFC 6960 §4.2.2.2).</summary>
    Ocsp,

    /// <summary>emailProtection: signs and receives S/MIME.</summary>
    Smime,
}
