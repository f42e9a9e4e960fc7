using System.ComponentModel;
using TlsGateway.Gateway.Configuration.Values;

namespace TlsGateway.Gateway.Configuration.Options;

internal sealed class CertificateOptions : PositionedOptions
{
    [Description(
        "PEM file with the certificate, then its intermediates; it may hold the key too. Relative to the configuration file, as all files here."
    )]
    [Text("the path of a PEM file")]
    public string? Certificate { get; set; }

    /// <summary>Null: in the certificate's file.</summary>
    [Description("PEM file with the certificate's key. Left out: the key is in the certificate's file.")]
    [Text("the path of a PEM file")]
    public string? Key { get; set; }

    /// <summary>In the place of the two above.</summary>
    [Description("PKCS#12 file (.p12, .pfx) with key, certificate and intermediates, in the place of certificate and key.")]
    [Text("the path of a PKCS#12 file")]
    public string? Pkcs12 { get; set; }

    [Description(
        "OCSP response to staple (DER), for who fetches responses himself: as HAProxy's .ocsp files and nginx's ssl_stapling_file. Loaded again when it changes."
    )]
    [Text("the path of a file")]
    public string? OcspResponse { get; set; }

    [Description("File whose first line is the passphrase of the key.")]
    [Text("the path of a file")]
    public string? PassphraseFile { get; set; }

    [Description("Name of the environment variable that holds the passphrase of the key.")]
    [Text("the name of an environment variable")]
    public string? PassphraseEnvironment { get; set; }
}
