namespace TlsGateway.Tls.Hello;

/// <summary>
/// What a client asks for, as it came: one ClientHello, read before any engine sees it (RFC 8446 §4.1.2, RFC 5246 §7.4.1.2). Lists are in the client's order,
/// reserved values (RFC 8701) included, since fingerprints and routing differ in what they leave out.
/// </summary>
public sealed record ClientHello
{
    /// <summary>legacy_version: 0x0303 from any client of today.</summary>
    public required ushort LegacyVersion { get; init; }

    public required IReadOnlyList<ushort> CipherSuites { get; init; }

    /// <summary>Types of the extensions.</summary>
    public required IReadOnlyList<ushort> Extensions { get; init; }

    /// <summary>server_name (RFC 6066 §3), lower case and without a last dot; "" when none was sent. Not checked against any configuration.</summary>
    public string ServerName { get; init; } = "";

    /// <summary>application_layer_protocol_negotiation (RFC 7301), as bytes read as Latin-1.</summary>
    public IReadOnlyList<string> ApplicationProtocols { get; init; } = [];

    /// <summary>supported_versions; empty from a client that knows nothing newer than TLS 1.2.</summary>
    public IReadOnlyList<ushort> SupportedVersions { get; init; } = [];

    public IReadOnlyList<ushort> SupportedGroups { get; init; } = [];

    /// <summary>Groups for which the client sent a key share.</summary>
    public IReadOnlyList<ushort> KeyShareGroups { get; init; } = [];

    public IReadOnlyList<ushort> SignatureAlgorithms { get; init; } = [];

    public IReadOnlyList<byte> PointFormats { get; init; } = [];

    /// <summary>A pre_shared_key or a session ticket that is not empty came: the client wants to resume.</summary>
    public bool OffersResumption { get; init; }

    /// <summary>early_data came: the client has sent, or will send, application data before the handshake is over.</summary>
    public bool OffersEarlyData { get; init; }

    /// <summary>The newest version asked for, reserved values left out.</summary>
    public ushort HighestVersion
    {
        get
        {
            ushort highest = 0;
            foreach (ushort version in SupportedVersions)
            {
                if (version > highest && !IsReserved(version))
                {
                    highest = version;
                }
            }
            return highest == 0 ? LegacyVersion : highest;
        }
    }

    /// <summary>RFC 8701 (GREASE): 0x0a0a, 0x1a1a … 0xfafa, sent to keep servers tolerant.</summary>
    public static bool IsReserved(ushort value) => (value & 0x0f0f) == 0x0a0a && value >> 8 == (value & 0xff);
}
