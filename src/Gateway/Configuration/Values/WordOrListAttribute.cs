namespace TlsGateway.Gateway.Configuration.Values;

/// <summary>A list in whose place one word may stand; the word is read as null.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class WordOrListAttribute(string word) : Attribute
{
    public string Word => word;
}
