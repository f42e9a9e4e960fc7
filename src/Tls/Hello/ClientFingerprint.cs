using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace TlsGateway.Tls.Hello;

/// <summary>
/// Fingerprints of a client's TLS library by what it offers: the same program gives the same one whoever runs it. Not proof of anything, for they can be
/// imitated; and never a metric's label, for there is no bound on how many there are.
/// </summary>
public static class ClientFingerprint
{
    private const string None = "000000000000";

    /// <summary>
    /// JA4 of a client over TCP (FoxIO, "JA4: TLS Client Fingerprinting"): protocol, version, SNI, counts, ALPN; then 12 hex digits each of SHA-256 over the sorted
    /// cipher suites, and over the sorted extensions and the signature algorithms. Reserved values (GREASE) are left out.
    /// </summary>
    public static string Ja4(ClientHello hello)
    {
        ArgumentNullException.ThrowIfNull(hello);
        ushort[] suites = Unreserved(hello.CipherSuites);
        ushort[] extensions = Unreserved(hello.Extensions);
        string readable = string.Create(
            CultureInfo.InvariantCulture,
            $"t{VersionOf(hello.HighestVersion)}{(extensions.Contains(ExtensionType.ServerName) ? 'd' : 'i')}{Count(suites):00}{Count(extensions):00}{Protocol(hello)}"
        );
        ushort[] counted = Array.FindAll(extensions, e => e is not (ExtensionType.ServerName or ExtensionType.ApplicationProtocols));
        Array.Sort(suites);
        Array.Sort(counted);
        string signatures = Hex(Unreserved(hello.SignatureAlgorithms));
        string last = signatures.Length == 0 ? Hex(counted) : $"{Hex(counted)}_{signatures}";
        return $"{readable}_{Digest(Hex(suites), suites.Length == 0)}_{Digest(last, extensions.Length == 0)}";
    }

    /// <summary>
    /// JA3 (Salesforce): MD5 over version, suites, extensions, groups and point formats, as sent. Browsers that shuffle their extensions have a new one each
    /// time; kept because block lists still speak it.
    /// </summary>
    public static string Ja3(ClientHello hello)
    {
        ArgumentNullException.ThrowIfNull(hello);
        string text = string.Join(
            ',',
            hello.LegacyVersion.ToString(CultureInfo.InvariantCulture),
            Decimals(Unreserved(hello.CipherSuites)),
            Decimals(Unreserved(hello.Extensions)),
            Decimals(Unreserved(hello.SupportedGroups)),
            string.Join('-', hello.PointFormats)
        );
#pragma warning disable CA5351 // A name for a list, not protection: MD5 is what JA3 is defined with.
        return Convert.ToHexStringLower(MD5.HashData(Encoding.ASCII.GetBytes(text)));
#pragma warning restore CA5351
    }

    private static string VersionOf(ushort version) =>
        version switch
        {
            0x0304 => "13",
            0x0303 => "12",
            0x0302 => "11",
            0x0301 => "10",
            0x0300 => "s3",
            0x0002 => "s2",
            _ => "00",
        };

    /// <summary>First and last character of the first protocol; in hex where either is not a letter or digit; 00 without ALPN.</summary>
    private static string Protocol(ClientHello hello)
    {
        if (hello.ApplicationProtocols.Count == 0)
        {
            return "00";
        }
        string first = hello.ApplicationProtocols[0];
        if (char.IsAsciiLetterOrDigit(first[0]) && char.IsAsciiLetterOrDigit(first[^1]))
        {
            return $"{first[0]}{first[^1]}";
        }
        string hex = Convert.ToHexStringLower(Encoding.Latin1.GetBytes(first));
        return $"{hex[0]}{hex[^1]}";
    }

    private static int Count(ushort[] values) => Math.Min(values.Length, 99);

    private static ushort[] Unreserved(IReadOnlyList<ushort> values) => [.. values.Where(v => !ClientHello.IsReserved(v))];

    private static string Hex(ushort[] values) => string.Join(',', values.Select(v => v.ToString("x4", CultureInfo.InvariantCulture)));

    private static string Decimals(ushort[] values) => string.Join('-', values.Select(v => v.ToString(CultureInfo.InvariantCulture)));

    private static string Digest(string text, bool isNone) =>
        isNone ? None : Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(text)))[..None.Length];
}
