using System.Collections.Frozen;

namespace TlsGateway.Pki.Keys;

/// <summary>How kinds of key are written on a command line.</summary>
public static class KeyKindNames
{
    private static readonly FrozenDictionary<string, KeyKind> Kinds = new Dictionary<string, KeyKind>(StringComparer.OrdinalIgnoreCase)
    {
        ["ecdsa-p256"] = KeyKind.EcdsaP256,
        ["ecdsa-p384"] = KeyKind.EcdsaP384,
        ["rsa-2048"] = KeyKind.Rsa2048,
        ["rsa-3072"] = KeyKind.Rsa3072,
        ["rsa-4096"] = KeyKind.Rsa4096,
    }.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);

    /// <summary>All names, comma-separated, for help and errors.</summary>
    public const string All = "ecdsa-p256, ecdsa-p384, rsa-2048, rsa-3072, rsa-4096";

    /// <exception cref="PkiException">There is no such kind.</exception>
    public static KeyKind Parse(string name) =>
        Kinds.TryGetValue(name, out var kind) ? kind : throw new PkiException($"'{name}' is no kind of key. Use one of {All}.");
}
