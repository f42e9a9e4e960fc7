using System.Buffers;
using System.Text;
using System.Text.Json;
using TlsGateway.Actors.Events;

namespace TlsGateway.Gateway.AccessLogs;

/// <summary>How a line of the access log looks.</summary>
/// <param name="text">The template, or the fields' names: formats with the same are the same.</param>
internal abstract class AccessLogFormat(string text) : IEquatable<AccessLogFormat>
{
    public bool Equals(AccessLogFormat? other) => other is not null && other.GetType() == GetType() && other.ToString() == text;

    public override bool Equals(object? obj) => Equals(obj as AccessLogFormat);

    public override int GetHashCode() => text.GetHashCode(StringComparison.Ordinal);

    public override string ToString() => text;

    /// <summary>Writes one line with its end. One thread at a time.</summary>
    public abstract void Write(ConnectionEnd end, IBufferWriter<byte> output);

    private protected static void EndLine(IBufferWriter<byte> output) => output.Write("\n"u8);

    /// <summary>One object per line.</summary>
    public static AccessLogFormat Json(IReadOnlyList<AccessLogField> fields) => new JsonLines(fields);

    /// <summary>Text with fields in braces; {{ and }} stand for braces.</summary>
    /// <param name="template">As above.</param>
    /// <param name="problem">What is wrong with it, in the words of a message after "which"; "" when all is well.</param>
    public static AccessLogFormat? Template(string template, out string problem)
    {
        List<(byte[] Literal, AccessLogField? Field)> parts = [];
        StringBuilder literal = new();
        problem = "";
        for (var at = 0; at < template.Length; at++)
        {
            var c = template[at];
            if (c is '{' or '}' && at + 1 < template.Length && template[at + 1] == c)
            {
                literal.Append(c);
                at++;
            }
            else if (c == '{')
            {
                var close = template.IndexOf('}', at);
                var name = close < 0 ? template[(at + 1)..] : template[(at + 1)..close];
                if (close < 0 || AccessLogFields.Find(name) is not { } field)
                {
                    var nearest = Configuration.Reading.NearestName.Find(name, [.. AccessLogFields.All.Select(static f => f.Name)]);
                    problem =
                        close < 0 ? "which has a { without }"
                        : nearest is null ? $"which names a field {{{name}}} that there is not"
                        : $"which names a field {{{name}}} that there is not. Did you mean {{{nearest}}}?";
                    return null;
                }
                parts.Add((Encoding.UTF8.GetBytes(literal.ToString()), field));
                literal.Clear();
                at = close;
            }
            else if (c == '}' || char.IsControl(c))
            {
                problem = c == '}' ? "which has a } without {" : "which is more than one line";
                return null;
            }
            else
            {
                literal.Append(c);
            }
        }
        parts.Add((Encoding.UTF8.GetBytes(literal.ToString()), null));
        return new TemplateLines(template, parts);
    }

    private sealed class JsonLines(IReadOnlyList<AccessLogField> fields)
        : AccessLogFormat(string.Join(' ', fields.Select(static field => field.Name))),
            IDisposable
    {
        private readonly Utf8JsonWriter _json = new(Stream.Null);

        public override void Write(ConnectionEnd end, IBufferWriter<byte> output)
        {
            _json.Reset(output);
            _json.WriteStartObject();
            foreach (var field in fields)
            {
                field.WriteJson(end, _json);
            }
            _json.WriteEndObject();
            _json.Flush();
            EndLine(output);
        }

        public void Dispose() => _json.Dispose();
    }

    private sealed class TemplateLines(string template, IReadOnlyList<(byte[] Literal, AccessLogField? Field)> parts)
        : AccessLogFormat(template)
    {
        public override void Write(ConnectionEnd end, IBufferWriter<byte> output)
        {
            foreach (var (literal, field) in parts)
            {
                output.Write(literal);
                field?.WriteText(end, output);
            }
            EndLine(output);
        }
    }
}
