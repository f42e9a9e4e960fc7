using System.Text;

namespace TlsGateway.Pki.Sealing;

/// <summary>The header of a MIME entity (RFC 2045), as far as S/MIME needs it.</summary>
/// <param name="MediaType">Lower case, such as application/pkcs7-mime; "" when there is none.</param>
/// <param name="Parameters">Of the media type; names in lower case.</param>
/// <param name="IsBase64">The body is base64.</param>
internal sealed record MimeHeader(string MediaType, IReadOnlyDictionary<string, string> Parameters, bool IsBase64)
{
    /// <summary>Mail programs' headers have some KiB.</summary>
    private const int MaxBytes = 64 * 1024;

    public bool IsPkcs7 => MediaType is "application/pkcs7-mime" or "application/x-pkcs7-mime";

    /// <summary>Reads up to and with the empty line. Null: what stands there is no header; the stream's place is then anywhere.</summary>
    public static MimeHeader? Read(Stream stream)
    {
        List<string> fields = [];
        var total = 0;
        while (ReadLine(stream, ref total) is { } line)
        {
            if (line.Length == 0)
            {
                return fields.Count > 0 ? Parse(fields) : null;
            }
            if (line[0] is ' ' or '\t' && fields.Count > 0)
            {
                fields[^1] += " " + line.Trim();
            }
            else if (line.IndexOf(':', StringComparison.Ordinal) > 0)
            {
                fields.Add(line);
            }
            else
            {
                return null;
            }
        }
        return null;
    }

    private static string? ReadLine(Stream stream, ref int total)
    {
        StringBuilder line = new();
        while (++total <= MaxBytes)
        {
            switch (stream.ReadByte())
            {
                case -1:
                    return null;
                case '\n':
                    return line.ToString().TrimEnd('\r');
                case var character:
                    line.Append((char)character);
                    break;
            }
        }
        return null;
    }

    private static MimeHeader Parse(List<string> fields)
    {
        var type = Value(fields, "content-type").Split(';');
        Dictionary<string, string> parameters = new(StringComparer.Ordinal);
        foreach (var part in type.Skip(1))
        {
            var equals = part.IndexOf('=', StringComparison.Ordinal);
            if (equals > 0)
            {
                parameters[part[..equals].Trim().ToLowerInvariant()] = part[(equals + 1)..].Trim().Trim('"');
            }
        }
        var isBase64 = Value(fields, "content-transfer-encoding").Equals("base64", StringComparison.OrdinalIgnoreCase);
        return new MimeHeader(type[0].Trim().ToLowerInvariant(), parameters, isBase64);
    }

    private static string Value(List<string> fields, string name) =>
        fields
            .Where(field => field.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase))
            .Select(field => field[(name.Length + 1)..].Trim())
            .FirstOrDefault("");
}
