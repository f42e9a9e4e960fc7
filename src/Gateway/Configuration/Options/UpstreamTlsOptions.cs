using System.ComponentModel;
using TlsGateway.Gateway.Configuration.Values;

namespace TlsGateway.Gateway.Configuration.Options;

internal sealed class UpstreamTlsOptions : PositionedOptions
{
    /// <summary>In the place of <see cref="Authorities"/>.</summary>
    public const string SystemAuthorities = "system";

    /// <summary>Null: those of the system.</summary>
    [Description(
        "PEM file with the authorities that the endpoints' certificates must come from, relative to the configuration file; system is those that this machine trusts."
    )]
    [Text("the path of a PEM file, or system", Examples = ["backend-ca.pem", SystemAuthorities])]
    public string Authorities { get; set; } = SystemAuthorities;

    [Description("Off: whoever answers is trusted. Only for trying things out.")]
    [Switch]
    public bool Verify { get; set; } = true;

    /// <summary>Null: the endpoint's.</summary>
    [Description(
        "The server name that is sent (SNI) and must be in the certificate. Left out: the endpoint's host name; an address must be in the certificate."
    )]
    [Text("a host name", Pattern = HostPattern, Examples = ["api.internal"])]
    public string? ServerName { get; set; }

    [Description("Sends the name that the client asked for, where it did.")]
    [Switch]
    public bool CopyServerName { get; set; }

    /// <summary>Null: the server name.</summary>
    [Description("Another name that must be in the certificate, in the place of the one that is sent.")]
    [Text("a host name", Pattern = HostPattern, Examples = ["backend.internal"])]
    public string? ExpectedName { get; set; }

    /// <summary>Null: none.</summary>
    [Description("Shown to an endpoint that asks for a certificate.")]
    public CertificateOptions? Certificate { get; set; }

    [Description("Application protocols (ALPN) that are offered, in order of preference.")]
    public List<string> ApplicationProtocols { get; set; } = [];

    [Description("Offers what was agreed with the client by ALPN, and nothing else: the endpoint must choose it.")]
    [Switch]
    public bool CopyApplicationProtocol { get; set; }

    [Description("Versions, cipher suites, groups and signature algorithms by name, as in a listener's tls.")]
    [Word("intermediate", "modern")]
    public string Policy { get; set; } = "intermediate";

    /// <summary>Null: the policy's.</summary>
    [Description("The oldest TLS version. Left out: the policy's.")]
    [Word("1.2", "1.3")]
    public string? MinimumVersion { get; set; }

    /// <summary>Null: the policy's.</summary>
    [Description("The newest TLS version. Left out: the policy's.")]
    [Word("1.2", "1.3")]
    public string? MaximumVersion { get; set; }

    [Description("Which library speaks TLS, as in a listener's tls.")]
    [Word("openssl", "bouncycastle")]
    public string Engine { get; set; } = "openssl";

    private const string HostPattern = "^[A-Za-z0-9._:-]{1,253}$";
}
