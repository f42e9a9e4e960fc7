using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using TlsGateway.Gateway.Configuration.Values;

namespace TlsGateway.Gateway.Configuration.Options;

internal sealed class TlsOptions : PositionedOptions
{
    /// <summary>Null: the development certificate.</summary>
    [Required]
    [Description(
        "development makes a certificate for localhost at the first start; otherwise a list of certificates. The first is the default, the others are chosen by the names in them (SNI)."
    )]
    [WordOrList("development")]
    public List<CertificateOptions>? Certificates { get; set; }

    [Description(
        "What becomes of a certificate that has expired or is not valid yet, when the configuration is read: a warning, or an error that keeps the present configuration."
    )]
    [Word("warn", "refuse")]
    public string ExpiredCertificates { get; set; } = "warn";

    [Description(
        "Staples OCSP responses to the certificates that name a responder: fetched in the background, kept in stateFolder, served while they are valid."
    )]
    [Switch]
    public bool OcspStapling { get; set; }

    [Description(
        "Versions, cipher suites, groups and signature algorithms by name, from the server-side TLS guidelines 6.0 that Mozilla began: intermediate is TLS 1.2 and 1.3, modern is TLS 1.3 only. The keys below replace parts of it."
    )]
    [Word("intermediate", "modern")]
    public string Policy { get; set; } = "intermediate";

    /// <summary>Null: the policy's.</summary>
    [Description("The oldest TLS version that is accepted. Left out: the policy's.")]
    [Word("1.2", "1.3")]
    public string? MinimumVersion { get; set; }

    /// <summary>Null: the policy's.</summary>
    [Description("The newest TLS version that is offered. Left out: the policy's.")]
    [Word("1.2", "1.3")]
    public string? MaximumVersion { get; set; }

    [Description("Cipher suites of both versions by their IANA names, the preferred first. Left out: the policy's.")]
    public List<string> CipherSuites { get; set; } = [];

    [Description("Key exchange groups by their IANA names, the preferred first. Left out: the policy's.")]
    public List<string> Groups { get; set; } = [];

    [Description("Signature algorithms by their names in RFC 8446, the preferred first. Left out: the policy's.")]
    public List<string> SignatureAlgorithms { get; set; } = [];

    [Description(
        "The order of cipherSuites decides, except that a client that puts ChaCha20 first gets it. Off: the client's order decides."
    )]
    [Switch]
    public bool PreferServerOrder { get; set; } = true;

    [Description("Certificates with smaller RSA keys are refused, in bits.")]
    [Count(2048, 16_384)]
    public int MinimumRsaKeyBits { get; set; } = 2048;

    [Description("Certificates with smaller elliptic curve keys are refused, in bits.")]
    [Count(224, 521)]
    public int MinimumEcKeyBits { get; set; } = 256;

    [Description(
        "What a client gets that asks for a server name that no certificate has, or for none: the default certificate, or the alert unrecognized_name."
    )]
    [Word("default", "reject")]
    public string UnknownServerNames { get; set; } = "default";

    [Description("Application protocols (ALPN) in order of preference, such as h2 and http/1.1. Empty: ALPN is not answered.")]
    public List<string> ApplicationProtocols { get; set; } = [];

    [Description("Session tickets given to a client after each full TLS 1.3 handshake. 0 turns resumption off on TLS 1.3.")]
    [Count(0, 8)]
    public int Tickets { get; set; } = 1;

    [Description("How long a session may be resumed.")]
    [Duration("1m", "168h")]
    public TimeSpan SessionLifetime { get; set; } = TimeSpan.FromHours(2);

    [Description("TLS 1.2 sessions remembered for clients that know no tickets; about 1 KiB each while used. 0 turns it off.")]
    [Count(0, 1_000_000)]
    public int SessionCache { get; set; } = 4096;

    [Description("When keys are renewed while a connection is open.")]
    public RehandshakeOptions Rehandshake { get; set; } = new();

    /// <summary>Null: none are asked for.</summary>
    [Description("Clients' certificates: whether they are asked for, who signed them, who is let in.")]
    public ClientCertificateOptions? ClientCertificates { get; set; }

    [Description("Clients may start a renegotiation on TLS 1.2. Off is safer: they can make the gateway work by it.")]
    [Switch]
    public bool AllowClientRenegotiation { get; set; }

    [Description("Which library speaks TLS: openssl is the host's, bouncycastle is managed code without renegotiation and step-up.")]
    [Word("openssl", "bouncycastle")]
    public string Engine { get; set; } = "openssl";
}
