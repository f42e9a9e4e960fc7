using TlsGateway.Tls.Policies;

namespace TlsGateway.Tls.OpenSsl;

/// <summary>A policy's lists in OpenSSL's syntax and names.</summary>
internal static class PolicyNames
{
    /// <summary>For SSL_CTX_set_ciphersuites(3): TLS 1.3, under IANA names.</summary>
    public static string Tls13Suites(TlsPolicy policy) => string.Join(':', policy.CipherSuites.Where(TlsParameterNames.IsTls13Suite));

    /// <summary>For SSL_CTX_set_cipher_list(3): TLS 1.2.</summary>
    public static string Tls12Suites(TlsPolicy policy) =>
        string.Join(':', policy.CipherSuites.Where(static s => !TlsParameterNames.IsTls13Suite(s)).Select(s => SuiteName(policy, s)));

    /// <summary>For SSL_CTX_set1_groups_list(3): those that this library has.</summary>
    /// <exception cref="TlsConfigurationException">It has none of them.</exception>
    public static string Groups(TlsPolicy policy)
    {
        List<string> groups = [];
        foreach (string name in policy.Groups)
        {
            string group = GroupName(name) ?? throw Unknown(policy, "group", name);
            if (OpenSslLibrary.HasGroup(group))
            {
                groups.Add(group);
            }
        }
        return groups.Count > 0
            ? string.Join(':', groups)
            : throw new TlsConfigurationException(
                $"{OpenSslLibrary.VersionText} has none of the groups of the policy {policy.Name} ({string.Join(", ", policy.Groups)}). Add x25519 or secp256r1."
            );
    }

    /// <summary>For SSL_CTX_set1_sigalgs_list(3), which takes the names of RFC 8446.</summary>
    public static string SignatureAlgorithms(TlsPolicy policy)
    {
        foreach (string name in policy.SignatureAlgorithms)
        {
            if (!TlsParameterNames.SignatureAlgorithms.Contains(name))
            {
                throw Unknown(policy, "signature algorithm", name);
            }
        }
        return string.Join(':', policy.SignatureAlgorithms);
    }

    /// <summary>OpenSSL's name of a group; null for one that no policy may have.</summary>
    public static string? GroupName(string name) =>
        name switch
        {
            "x25519" => "X25519",
            "x448" => "X448",
            "secp256r1" => "P-256",
            "secp384r1" => "P-384",
            "secp521r1" => "P-521",
            "X25519MLKEM768" or "SecP256r1MLKEM768" or "SecP384r1MLKEM1024" => name,
            _ => null,
        };

    /// <summary>TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 is ECDHE-RSA-AES128-GCM-SHA256: no prefix, key length joined to the cipher, CBC and ChaCha20's hash not said.</summary>
    private static string SuiteName(TlsPolicy policy, string name)
    {
        if (!TlsParameterNames.CipherSuites.Contains(name))
        {
            throw Unknown(policy, "cipher suite", name);
        }
        string text = name["TLS_".Length..]
            .Replace("_WITH_", "_", StringComparison.Ordinal)
            .Replace("AES_", "AES", StringComparison.Ordinal)
            .Replace("_CBC", "", StringComparison.Ordinal)
            .Replace("POLY1305_SHA256", "POLY1305", StringComparison.Ordinal);
        return text.Replace('_', '-');
    }

    private static TlsConfigurationException Unknown(TlsPolicy policy, string what, string name) =>
        new($"The policy {policy.Name} has the {what} '{name}', which is not known.");
}
