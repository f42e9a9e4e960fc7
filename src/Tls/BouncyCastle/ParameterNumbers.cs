using System.Reflection;
using Org.BouncyCastle.Tls;
using TlsGateway.Tls.Policies;

namespace TlsGateway.Tls.BouncyCastle;

/// <summary>A policy's IANA names as BouncyCastle's numbers. What it does not have is left out.</summary>
internal sealed class ParameterNumbers
{
    private static readonly Dictionary<int, string> SuiteNames = TlsParameterNames
        .CipherSuites.Select(name => (Name: name, Number: Number(typeof(CipherSuite), name)))
        .Where(suite => suite.Number >= 0)
        .ToDictionary(suite => suite.Number, suite => suite.Name);

    private static readonly Dictionary<int, string> GroupNames = TlsParameterNames
        .Groups.Select(name => (Name: name, Number: Number(typeof(NamedGroup), name)))
        .Where(group => group.Number >= 0)
        .ToDictionary(group => group.Number, group => group.Name);

    /// <exception cref="TlsConfigurationException">Nothing of one kind is left.</exception>
    public ParameterNumbers(TlsPolicy policy, TlsVersion minimum, TlsVersion maximum)
    {
        Suites = Numbers(policy, "cipher suite", policy.CipherSuites, name => Number(typeof(CipherSuite), name));
        Groups = Numbers(policy, "group", policy.Groups, name => Number(typeof(NamedGroup), name));
        int[] schemes = Numbers(policy, "signature algorithm", policy.SignatureAlgorithms, Scheme);
        SignatureAlgorithms = [.. schemes.Select(SignatureScheme.GetSignatureAndHashAlgorithm)];
        List<ProtocolVersion> versions = [];
        if (maximum >= TlsVersion.Tls13)
        {
            versions.Add(ProtocolVersion.TLSv13);
        }
        if (minimum <= TlsVersion.Tls12)
        {
            versions.Add(ProtocolVersion.TLSv12);
        }
        Versions = [.. versions];
        PreferServer = policy.PreferServer;
    }

    public int[] Suites { get; }

    public int[] Groups { get; }

    public List<SignatureAndHashAlgorithm> SignatureAlgorithms { get; }

    public ProtocolVersion[] Versions { get; }

    public bool PreferServer { get; }

    public static string SuiteName(int suite) => SuiteNames.GetValueOrDefault(suite, "");

    public static string GroupName(int group) => GroupNames.GetValueOrDefault(group, "");

    public static bool HasGroup(string name) => Number(typeof(NamedGroup), name) >= 0;

    public static bool IsKnownSuite(int suite) => SuiteNames.ContainsKey(suite);

    public static bool IsChaCha(int suite) => SuiteName(suite).Contains("CHACHA20", StringComparison.Ordinal);

    public static bool HasSuite(string name) => Number(typeof(CipherSuite), name) >= 0;

    private static int Scheme(string name) => Number(typeof(SignatureScheme), name);

    private static int[] Numbers(TlsPolicy policy, string what, IReadOnlyList<string> names, Func<string, int> number)
    {
        int[] known = [.. names.Select(number).Where(value => value >= 0)];
        return known.Length > 0
            ? known
            : throw new TlsConfigurationException(
                $"Policy {policy.Name} has no {what} that the engine bouncycastle knows. Add one, or choose the engine openssl."
            );
    }

    private static int Number(Type numbers, string name) =>
        numbers.GetField(name, BindingFlags.Public | BindingFlags.Static)?.GetRawConstantValue() is int value ? value : -1;
}
