using TlsGateway.Gateway.Configuration.Options;
using TlsGateway.Gateway.Configuration.Reading;
using TlsGateway.Tls;
using TlsGateway.Tls.Policies;

namespace TlsGateway.Gateway.Configuration.Checking;

/// <summary>Makes a listener's policy: the named one, with what the operator wrote in its place.</summary>
internal sealed class PolicyChecker(ConfigurationProblems problems)
{
    /// <summary>The policy, complete only if there is no error.</summary>
    public TlsPolicy Check(string path, TlsOptions options)
    {
        var named = TlsPolicies.All.First(policy => policy.Name == options.Policy);
        var policy = named with
        {
            MinimumVersion = ToVersion(options.MinimumVersion) ?? named.MinimumVersion,
            MaximumVersion = ToVersion(options.MaximumVersion) ?? named.MaximumVersion,
            CipherSuites = CheckNames(path, options, nameof(options.CipherSuites), TlsParameterNames.CipherSuites) ?? named.CipherSuites,
            Groups = CheckNames(path, options, nameof(options.Groups), TlsParameterNames.Groups) ?? named.Groups,
            SignatureAlgorithms =
                CheckNames(path, options, nameof(options.SignatureAlgorithms), TlsParameterNames.SignatureAlgorithms)
                ?? named.SignatureAlgorithms,
            PreferServer = options.PreferServerOrder,
            MinimumRsaKeyBits = options.MinimumRsaKeyBits,
            MinimumEcKeyBits = options.MinimumEcKeyBits,
        };
        CheckVersions(path, options, policy);
        CheckSuites(path, options, policy);
        CheckGroups(path, options, policy);
        return policy;
    }

    private List<string>? CheckNames(string path, TlsOptions options, string property, IReadOnlyList<string> known)
    {
        if (!options.Has(property))
        {
            return null;
        }
        var key = char.ToLowerInvariant(property[0]) + property[1..];
        var written = property switch
        {
            nameof(options.CipherSuites) => options.CipherSuites,
            nameof(options.Groups) => options.Groups,
            _ => options.SignatureAlgorithms,
        };
        List<string> names = [];
        for (var index = 0; index < written.Count; index++)
        {
            var name = known.FirstOrDefault(candidate => candidate.Equals(written[index], StringComparison.OrdinalIgnoreCase));
            if (name is null)
            {
                problems.Error(
                    options.At(property, index),
                    $"{path}.{key}[{index}] '{written[index]}' is not known.{NearestName.Suggest(written[index], known)} There are: {string.Join(", ", known)}."
                );
            }
            else if (names.Contains(name))
            {
                problems.Error(options.At(property, index), $"{path}.{key} has {name} twice. Remove one.");
            }
            else
            {
                names.Add(name);
            }
        }
        if (written.Count == 0)
        {
            problems.Error(options.At(property), $"{path}.{key} is empty: no client could connect. Remove it for the policy's own list.");
        }
        return names;
    }

    private void CheckVersions(string path, TlsOptions options, TlsPolicy policy)
    {
        if (policy.MinimumVersion <= policy.MaximumVersion)
        {
            return;
        }
        var culprit = options.Has(nameof(options.MinimumVersion)) ? nameof(options.MinimumVersion) : nameof(options.MaximumVersion);
        problems.Error(
            options.At(culprit),
            $"{path}.minimumVersion {ToText(policy.MinimumVersion)} is above maximumVersion {ToText(policy.MaximumVersion)}: no client could connect. Lower the one or raise the other."
        );
    }

    private void CheckSuites(string path, TlsOptions options, TlsPolicy policy)
    {
        if (policy.CipherSuites.Count == 0 || policy.MinimumVersion > policy.MaximumVersion)
        {
            return;
        }
        foreach (var version in Enum.GetValues<TlsVersion>())
        {
            if (
                version >= policy.MinimumVersion
                && version <= policy.MaximumVersion
                && !policy.CipherSuites.Any(suite => TlsParameterNames.IsTls13Suite(suite) == (version == TlsVersion.Tls13))
            )
            {
                var from = options.Has(nameof(options.CipherSuites)) ? "cipherSuites" : $"policy {policy.Name}";
                problems.Error(
                    options.At(options.Has(nameof(options.CipherSuites)) ? nameof(options.CipherSuites) : nameof(options.MinimumVersion)),
                    $"{path} allows TLS {ToText(version)}, and {from} has no suite of it. Add one, or set minimumVersion and maximumVersion."
                );
            }
        }
    }

    private void CheckGroups(string path, TlsOptions options, TlsPolicy policy)
    {
        if (!options.Has(nameof(options.Groups)) || policy.Groups.Count == 0)
        {
            return;
        }
        try
        {
            var engine = TlsEngines.Describe(EngineChecker.EngineOf(options));
            var missing = policy.Groups.Except(engine.Groups).ToList();
            if (missing.Count == policy.Groups.Count)
            {
                problems.Error(
                    options.At(nameof(options.Groups)),
                    $"{path}.groups has none that {engine.Version} on this host knows. Add x25519 or secp256r1."
                );
            }
            else if (missing.Count > 0)
            {
                problems.Warning(
                    options.At(nameof(options.Groups)),
                    $"{path}.groups: {engine.Version} on this host does not have {string.Join(", ", missing)}; the others are offered."
                );
            }
        }
        catch (TlsConfigurationException)
        {
            // No OpenSSL on this host: that is said at the start, or by whoever serves with this file.
        }
    }

    internal static TlsVersion? ToVersion(string? text) =>
        text switch
        {
            null => null,
            "1.3" => TlsVersion.Tls13,
            _ => TlsVersion.Tls12,
        };

    private static string ToText(TlsVersion version) => version == TlsVersion.Tls13 ? "1.3" : "1.2";
}
