namespace TlsGateway.Pki.Keys;

/// <summary>The kinds of key that are made here.</summary>
public enum KeyKind
{
    EcdsaP256,
    EcdsaP384,
    Rsa2048,
    Rsa3072,
    Rsa4096,
}
