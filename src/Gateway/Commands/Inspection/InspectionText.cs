using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using TlsGateway.Pki.Inspection;

namespace TlsGateway.Gateway.Commands.Inspection;

/// <summary>Items for people and for programs.</summary>
internal static class InspectionText
{
    private static readonly JsonSerializerOptions Format = new()
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>A block an item: its kind, then its fields with their values in one column, then warnings.</summary>
    public static string ToText(IReadOnlyList<InspectedItem> items)
    {
        StringBuilder text = new();
        var width = items.SelectMany(item => item.Fields).Select(field => field.Label.Length).DefaultIfEmpty().Max() + 2;
        foreach (var item in items)
        {
            text.Append(text.Length > 0 ? "\n" : "").Append(ToWords(item.Kind)).Append('\n');
            foreach (var field in item.Fields)
            {
                var label = field.Label;
                foreach (var line in Lines(field.Value))
                {
                    text.Append("  ").Append(label.PadRight(width)).Append(line).Append('\n');
                    label = "";
                }
            }
            foreach (var warning in item.Warnings)
            {
                text.Append("  ! ").Append(warning).Append('\n');
            }
        }
        return text.ToString();
    }

    /// <summary>An array of objects with kind, the fields by name, and warnings.</summary>
    public static string ToJson(IReadOnlyList<InspectedItem> items)
    {
        JsonArray all = [];
        foreach (var item in items)
        {
            JsonObject entry = new() { ["kind"] = item.Kind };
            foreach (var field in item.Fields)
            {
                entry[field.Name] = ToNode(field.Value);
            }
            entry["warnings"] = ToNode(item.Warnings);
            all.Add(entry);
        }
        return all.ToJsonString(Format) + "\n";
    }

    private static JsonNode ToNode(object value) =>
        value switch
        {
            long number => JsonValue.Create(number),
            bool flag => JsonValue.Create(flag),
            IReadOnlyList<string> list => new JsonArray([.. list.Select(text => (JsonNode)JsonValue.Create(text)!)]),
            _ => JsonValue.Create(value.ToString()!),
        };

    private static IEnumerable<string> Lines(object value) =>
        value switch
        {
            IReadOnlyList<string> list => list,
            bool flag => [flag ? "yes" : "no"],
            _ => [value.ToString() ?? ""],
        };

    private static string ToWords(string kind) =>
        kind switch
        {
            "privateKey" => "private key",
            "publicKey" => "public key",
            "request" => "certification request",
            "crl" => "CRL",
            "ocspResponse" => "OCSP response",
            "pkcs12" => "PKCS#12",
            "cms" => "CMS",
            _ => kind,
        };
}
