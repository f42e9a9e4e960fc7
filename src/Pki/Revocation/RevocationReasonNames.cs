namespace TlsGateway.Pki.Revocation;

/// <summary>Reasons as RFC 5280 and OpenSSL write them.</summary>
public static class RevocationReasonNames
{
    /// <summary>All names, for help and errors.</summary>
    public const string All =
        "unspecified, keyCompromise, cACompromise, affiliationChanged, superseded, cessationOfOperation, certificateHold, privilegeWithdrawn, aACompromise";

    /// <exception cref="PkiException">There is no such reason.</exception>
    public static RevocationReason Parse(string name) =>
        TryParse(name) ?? throw new PkiException($"'{name}' is no reason. Use one of {All}.");

    /// <summary>Case does not count.</summary>
    public static RevocationReason? TryParse(string name) =>
        Enum.GetValues<RevocationReason>()
            .Where(reason => NameOf(reason).Equals(name, StringComparison.OrdinalIgnoreCase))
            .Select(reason => (RevocationReason?)reason)
            .FirstOrDefault();

    public static string NameOf(RevocationReason reason) =>
        reason switch
        {
            RevocationReason.CaCompromise => "cACompromise",
            RevocationReason.AaCompromise => "aACompromise",
            _ => char.ToLowerInvariant(reason.ToString()[0]) + reason.ToString()[1..],
        };
}
