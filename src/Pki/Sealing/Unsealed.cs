namespace TlsGateway.Pki.Sealing;

/// <summary>What came of opening a sealed file.</summary>
/// <param name="Signers">The subjects of those who signed it, RFC 4514 text; empty: it is not signed.</param>
/// <param name="AreTrusted">Their certificates chain to the authorities that were given; false when none were.</param>
public sealed record Unsealed(IReadOnlyList<string> Signers, bool AreTrusted);
