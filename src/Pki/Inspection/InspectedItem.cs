using TlsGateway.Pki.Authority;
using TlsGateway.Pki.Certificates;

namespace TlsGateway.Pki.Inspection;

/// <summary>What is to know about one certificate, key, list, request, response, container or server.</summary>
/// <param name="kind">Such as "certificate"; one word of JSON.</param>
public sealed class InspectedItem(string kind)
{
    private readonly List<InspectedField> _fields = [];
    private readonly List<string> _warnings = [];

    public string Kind { get; } = kind;

    public IReadOnlyList<InspectedField> Fields => _fields;

    /// <summary>What an operator should act on.</summary>
    public IReadOnlyList<string> Warnings => _warnings;

    /// <summary>Adds text; a null or empty one is left out. Control characters are made visible: the text may come from anyone.</summary>
    public InspectedItem Add(string name, string label, string? value)
    {
        if (!string.IsNullOrEmpty(value))
        {
            _fields.Add(new InspectedField(name, label, DistinguishedName.OneLine(value)));
        }
        return this;
    }

    public InspectedItem Add(string name, string label, long value) => AddValue(name, label, value);

    public InspectedItem Add(string name, string label, bool value) => AddValue(name, label, value);

    /// <summary>A time, UTC.</summary>
    public InspectedItem Add(string name, string label, DateTimeOffset value) => Add(name, label, CertificateIndex.ToText(value));

    /// <summary>A list; an empty one is left out.</summary>
    public InspectedItem Add(string name, string label, IEnumerable<string> values)
    {
        List<string> list = [.. values.Select(DistinguishedName.OneLine)];
        return list.Count > 0 ? AddValue(name, label, list) : this;
    }

    /// <summary>Adds a warning; null is none.</summary>
    public InspectedItem Warn(string? warning)
    {
        if (warning is not null)
        {
            _warnings.Add(DistinguishedName.OneLine(warning));
        }
        return this;
    }

    private InspectedItem AddValue(string name, string label, object value)
    {
        _fields.Add(new InspectedField(name, label, value));
        return this;
    }
}
