using TlsGateway.Pki.Files;

namespace TlsGateway.Pki.Authority;

/// <summary>Where an authority's CRL and OCSP responder are, as its certificates say; null: they do not.</summary>
public sealed record RevocationPlaces(string? CrlUrl, string? OcspUrl)
{
    private const string CrlName = "crl-url: ";
    private const string OcspName = "ocsp-url: ";

    public static RevocationPlaces None { get; } = new(null, null);

    /// <summary>Throws <see cref="PkiException"/> unless each is an http URL: https would need the certificate that is being checked (RFC 5280 §8).</summary>
    public RevocationPlaces Checked()
    {
        Check(CrlUrl, "--crl-url");
        Check(OcspUrl, "--ocsp-url");
        return this;
    }

    internal static RevocationPlaces Read(string file)
    {
        if (!File.Exists(file))
        {
            return None;
        }
        var lines = PrivateFiles.ReadText(file).Split('\n');
        return new RevocationPlaces(Find(lines, CrlName), Find(lines, OcspName)).Checked();
    }

    internal void Write(string file) =>
        PrivateFiles.Write(
            file,
            (CrlUrl is null ? "" : $"{CrlName}{CrlUrl}\n") + (OcspUrl is null ? "" : $"{OcspName}{OcspUrl}\n"),
            PrivateFiles.Private
        );

    private static string? Find(string[] lines, string name) =>
        Array.Find(lines, line => line.StartsWith(name, StringComparison.Ordinal))?[name.Length..].Trim();

    private static void Check(string? url, string option)
    {
        var isGood =
            url is null
            || (Uri.TryCreate(url, UriKind.Absolute, out var parsed) && parsed.Scheme == Uri.UriSchemeHttp && url.All(char.IsAscii));
        if (!isGood)
        {
            throw new PkiException($"{option} is '{url}', which is no http:// URL. Write it like http://ca.example.org/crl.");
        }
    }
}
