using Org.BouncyCastle.Asn1.X509;
using TlsGateway.Pki.Files;

namespace TlsGateway.Pki.Certificates;

/// <summary>Names of subjects and issuers as RFC 4514 text, most specific part first: <c>CN=www,O=Example,C=DE</c>.</summary>
public static class DistinguishedName
{
    /// <summary>RFC 5280 appendix A: ub-common-name.</summary>
    public const int MaxCommonNameLength = 64;

    /// <summary>Reads a name.</summary>
    /// <exception cref="PkiException">It is not one.</exception>
    public static X509Name Parse(string text)
    {
        try
        {
            X509Name name = new(reverse: true, text);
            foreach (var common in name.GetValueList(X509Name.CN))
            {
                if (common.Length is 0 or > MaxCommonNameLength)
                {
                    throw new PkiException(
                        $"The common name in '{text}' has {common.Length} characters; 1 to {MaxCommonNameLength} are allowed (RFC 5280). Put host names into --dns."
                    );
                }
            }
            return name;
        }
        catch (Exception broken) when (Unreadable.IsExpected(broken))
        {
            throw new PkiException($"'{text}' is no subject name. Write it like \"CN=www.example.org,O=Example,C=DE\".", broken);
        }
    }

    /// <summary>A name with one part, the common name, cut to what is allowed.</summary>
    public static X509Name CommonName(string text) =>
        new([X509Name.CN], [text.Length <= MaxCommonNameLength ? text : text[..MaxCommonNameLength]]);

    /// <summary>RFC 4514 text, without control characters: fit for a line of a file or a terminal.</summary>
    public static string ToText(X509Name name) => OneLine(name.ToString(reverse: true, X509Name.RFC2253Symbols));

    /// <summary>The same text with each control character as \XX (RFC 4514 §2.4).</summary>
    public static string OneLine(string text) =>
        text.Any(char.IsControl) ? string.Concat(text.Select(part => char.IsControl(part) ? $"\\{(int)part:X2}" : part.ToString())) : text;
}
