namespace TlsGateway.Tls.Hello;

/// <summary>The extensions that are read here, by their numbers in IANA's "TLS ExtensionType Values".</summary>
internal static class ExtensionType
{
    public const ushort ServerName = 0;
    public const ushort SupportedGroups = 10;
    public const ushort PointFormats = 11;
    public const ushort SignatureAlgorithms = 13;
    public const ushort ApplicationProtocols = 16;
    public const ushort SessionTicket = 35;
    public const ushort PreSharedKey = 41;
    public const ushort EarlyData = 42;
    public const ushort SupportedVersions = 43;
    public const ushort KeyShare = 51;
}
