using System.Net;
using System.Text.RegularExpressions;
using Org.BouncyCastle.Asn1;
using Org.BouncyCastle.Asn1.X509;

namespace TlsGateway.Pki.Certificates;

/// <summary>Subject alternative names (RFC 5280 §4.2.1.6), checked as they are added.</summary>
public sealed partial class AlternativeNames
{
    private readonly List<GeneralName> _names = [];

    public bool IsEmpty => _names.Count == 0;

    /// <summary>The first DNS name or address, to call a certificate by; null when there is none.</summary>
    public string? First { get; private set; }

    /// <summary>Letters, digits and hyphens (RFC 1123 §2.1), no wildcard.</summary>
    public static bool IsDnsName(string text) => text.Length is > 0 and <= 253 && HostName().IsMatch(text);

    /// <summary>A host name in A-label form; the left-most label may be <c>*</c> (RFC 9525 §6.3).</summary>
    /// <exception cref="PkiException">It is not one.</exception>
    public AlternativeNames AddDns(string name)
    {
        if (!IsDnsName(name.StartsWith("*.", StringComparison.Ordinal) ? name[2..] : name))
        {
            throw new PkiException(
                $"'{name}' is no DNS name: labels of letters, digits and '-', at most 63 each, '*' only as the first. Write international names as xn--…."
            );
        }
        return Add(new GeneralName(GeneralName.DnsName, name), name);
    }

    /// <summary>An IPv4 or IPv6 address.</summary>
    /// <exception cref="PkiException">It is not one.</exception>
    public AlternativeNames AddAddress(string text)
    {
        if (!IPAddress.TryParse(text, out var address) || text.Contains('%', StringComparison.Ordinal))
        {
            throw new PkiException($"'{text}' is no IP address. Write it like 192.0.2.1 or 2001:db8::1.");
        }
        return Add(new GeneralName(GeneralName.IPAddress, new DerOctetString(address.GetAddressBytes())), text);
    }

    /// <summary>An absolute URI in ASCII, such as a SPIFFE ID.</summary>
    /// <exception cref="PkiException">It is not one.</exception>
    public AlternativeNames AddUri(string text)
    {
        // A path alone is an absolute file URI on Unix.
        if (!Uri.TryCreate(text, UriKind.Absolute, out _) || !text.Contains(':', StringComparison.Ordinal) || !IsPrintableAscii(text))
        {
            throw new PkiException($"'{text}' is no absolute URI in ASCII. Write it like spiffe://example.org/gateway.");
        }
        return Add(new GeneralName(GeneralName.UniformResourceIdentifier, text), first: null);
    }

    /// <summary>A mail address in ASCII (RFC 822 addr-spec).</summary>
    /// <exception cref="PkiException">It is not one.</exception>
    public AlternativeNames AddMail(string text)
    {
        var at = text.IndexOf('@', StringComparison.Ordinal);
        if (at <= 0 || at != text.LastIndexOf('@') || !IsPrintableAscii(text) || !HostName().IsMatch(text[(at + 1)..]))
        {
            throw new PkiException($"'{text}' is no mail address. Write it like ops@example.org.");
        }
        return Add(new GeneralName(GeneralName.Rfc822Name, text), text);
    }

    /// <summary>Those of an existing certificate.</summary>
    public static AlternativeNames Of(Org.BouncyCastle.X509.X509Certificate certificate)
    {
        AlternativeNames names = new();
        if (certificate.GetExtensionValue(X509Extensions.SubjectAlternativeName) is { } value)
        {
            names._names.AddRange(GeneralNames.GetInstance(Asn1Object.FromByteArray(value.GetOctets())).GetNames());
        }
        return names;
    }

    /// <summary>As the extension; not for an empty set.</summary>
    public GeneralNames ToExtension() => new([.. _names]);

    /// <summary>Each as text with its kind, as OpenSSL writes them: <c>DNS:www.example.org</c>.</summary>
    public IReadOnlyList<string> ToTexts() => [.. _names.Select(ToText)];

    private static string ToText(GeneralName name) =>
        name.TagNo switch
        {
            GeneralName.DnsName => $"DNS:{Printable(name)}",
            GeneralName.Rfc822Name => $"email:{Printable(name)}",
            GeneralName.UniformResourceIdentifier => $"URI:{Printable(name)}",
            GeneralName.IPAddress when Asn1OctetString.GetInstance(name.Name).GetOctets() is { Length: 4 or 16 } octets =>
                $"IP:{new IPAddress(octets)}",
            GeneralName.DirectoryName => $"DirName:{DistinguishedName.ToText(X509Name.GetInstance(name.Name))}",
            GeneralName.RegisteredID => $"RID:{name.Name}",
            _ => "othername:…",
        };

    private static string Printable(GeneralName name) => DistinguishedName.OneLine(name.Name.ToString() ?? "");

    private AlternativeNames Add(GeneralName name, string? first)
    {
        First ??= first;
        _names.Add(name);
        return this;
    }

    private static bool IsPrintableAscii(string text) => text.All(part => part is > ' ' and < '\x7f');

    [GeneratedRegex(
        @"^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*\z",
        RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000
    )]
    private static partial Regex HostName();
}
