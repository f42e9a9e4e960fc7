namespace TlsGateway.Pki.Sealing;

/// <summary>How a signature comes with what it signs.</summary>
internal enum SignedForm
{
    /// <summary>There is none.</summary>
    None,

    /// <summary>CMS SignedData with the content inside, as bytes.</summary>
    Structure,

    /// <summary>The same in a MIME entity (RFC 8551 §3.5.2).</summary>
    Entity,

    /// <summary>multipart/signed: content, then the signature (RFC 8551 §3.5.3).</summary>
    Multipart,
}
