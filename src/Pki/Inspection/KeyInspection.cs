using Org.BouncyCastle.Crypto;
using TlsGateway.Pki.Keys;

namespace TlsGateway.Pki.Inspection;

/// <summary>Describes keys; of a private one never more than its public half.</summary>
internal static class KeyInspection
{
    public static InspectedItem DescribePrivate(AsymmetricKeyParameter key, bool wasEncrypted)
    {
        InspectedItem item = new("privateKey");
        return item.Add("key", "key", KeyFacts.Describe(key))
            .Add("keyFingerprint", "key SHA-256", KeyFacts.Fingerprint(PrivateKeys.PublicOf(key)))
            .Add("isEncrypted", "encrypted", wasEncrypted)
            .Warn(KeyFacts.Weakness(key));
    }

    public static InspectedItem DescribePublic(AsymmetricKeyParameter key) =>
        new InspectedItem("publicKey")
            .Add("key", "key", KeyFacts.Describe(key))
            .Add("keyFingerprint", "key SHA-256", KeyFacts.Fingerprint(key))
            .Warn(KeyFacts.Weakness(key));

    /// <summary>One whose passphrase was not given.</summary>
    public static InspectedItem DescribeEncrypted() =>
        new InspectedItem("privateKey")
            .Add("isEncrypted", "encrypted", value: true)
            .Warn("encrypted: give --passphrase-file or --passphrase-env to see its kind");
}
