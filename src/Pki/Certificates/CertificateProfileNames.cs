namespace TlsGateway.Pki.Certificates;

/// <summary>How profiles are written on a command line and in an index.</summary>
public static class CertificateProfileNames
{
    /// <summary>Those that a command may ask for, for help and errors.</summary>
    public const string All = "server, client, both (or member), ocsp, smime";

    /// <exception cref="PkiException">There is no such profile.</exception>
    public static CertificateProfile Parse(string name) =>
        name.ToLowerInvariant() switch
        {
            "server" => CertificateProfile.Server,
            "client" => CertificateProfile.Client,
            "both" or "member" => CertificateProfile.Member,
            "ocsp" => CertificateProfile.Ocsp,
            "smime" => CertificateProfile.Smime,
            _ => throw new PkiException($"'{name}' is no profile. Use one of {All}."),
        };

    public static string NameOf(CertificateProfile profile) => profile.ToString().ToLowerInvariant();

    internal static CertificateProfile? TryParseStored(string name) =>
        Enum.GetValues<CertificateProfile>()
            .Where(profile => NameOf(profile) == name)
            .Select(profile => (CertificateProfile?)profile)
            .FirstOrDefault();
}
