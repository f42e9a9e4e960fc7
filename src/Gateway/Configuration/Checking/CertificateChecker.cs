using System.Security.Cryptography.X509Certificates;
using Org.BouncyCastle.Ocsp;
using TlsGateway.Gateway.Certificates;
using TlsGateway.Gateway.ClientCertificates;
using TlsGateway.Gateway.Configuration.Options;
using TlsGateway.Gateway.Ocsp;
using TlsGateway.Tls;
using TlsGateway.Tls.Policies;

namespace TlsGateway.Gateway.Configuration.Checking;

/// <summary>Checks that certificates and keys can be read, are what they should be, belong together, and can serve the listener that has them.</summary>
internal sealed class CertificateChecker(ConfigurationProblems problems, ConfigurationWorld world, InputFiles files, string stateFolder)
{
    private readonly CertificateSource _source = new(problems, world, files);
    private bool _checkedDevelopment;

    /// <summary>The listener's certificates, none for the development certificate; null when there are errors.</summary>
    public IReadOnlyList<TlsCertificate>? Check(string path, TlsOptions options, TlsPolicy policy, TlsEngine engine)
    {
        var position = options.At(nameof(options.Certificates));
        if (!options.Has(nameof(options.Certificates)))
        {
            return null;
        }
        if (options.Certificates is null)
        {
            CheckDevelopmentCertificate(position);
            CheckFitness(path, position, policy, [new Checked(path, position, null!, CertificateFitness.Development, [])]);
            return [];
        }
        if (options.Certificates.Count == 0)
        {
            problems.Error(
                position,
                $"{path} has no certificate that can be used. Write development, or a list of {{certificate: file, key: file}}."
            );
            return null;
        }
        List<Checked> certificates = [];
        for (var index = 0; index < options.Certificates.Count; index++)
        {
            if (CheckOne($"{path}[{index}]", options.Certificates[index], options, policy, engine) is { } certificate)
            {
                certificates.Add(certificate);
            }
        }
        if (certificates.Count == options.Certificates.Count)
        {
            CheckNames(certificates);
            CheckFitness(path, position, policy, certificates);
        }
        return [.. certificates.Select(static certificate => certificate.Certificate)];
    }

    private void CheckDevelopmentCertificate(SourcePosition position)
    {
        if (_checkedDevelopment)
        {
            return;
        }
        _checkedDevelopment = true;
        if (DevelopmentCertificates.DescribeIncompleteSet(stateFolder) is { } problem)
        {
            problems.Error(position, problem);
        }
    }

    private Checked? CheckOne(string path, CertificateOptions options, TlsOptions tls, TlsPolicy policy, TlsEngine engine)
    {
        if (_source.Read(path, options) is not { } found)
        {
            return null;
        }
        var chain = CheckChain(found, tls);
        try
        {
            return CheckPair(path, options, found, chain, policy, engine);
        }
        finally
        {
            foreach (var certificate in chain)
            {
                certificate.Dispose();
            }
        }
    }

    private Checked? CheckPair(
        string path,
        CertificateOptions options,
        CertificateSource.Found found,
        X509Certificate2Collection chain,
        TlsPolicy policy,
        TlsEngine engine
    )
    {
        if (found.KeyPem is null)
        {
            return null;
        }
        if (CertificateFiles.ParsePublicKey(found.KeyPem, out var problem) is not { } publicKey)
        {
            problems.Error(found.Key.Position, $"{found.Key.Shown}, {problem}.");
            return null;
        }
        if (chain.Count == 0)
        {
            return null;
        }
        var leaf = chain[0];
        if (!CertificateFiles.Matches(leaf, publicKey))
        {
            problems.Error(
                found.Key.Position,
                $"{found.Key.Shown}, which is not the key of the certificate {leaf.Subject}. Use the key that the certificate was made with; the leaf must come first in the chain."
            );
            return null;
        }
        return CheckKey(path, options, found, leaf, policy, engine) is { } pair ? Staple(path, options, chain, pair) : null;
    }

    private Checked? Staple(string path, CertificateOptions options, X509Certificate2Collection chain, Checked pair)
    {
        if (options.OcspResponse is null)
        {
            return pair;
        }
        var position = options.At(nameof(options.OcspResponse));
        var shown = $"{path}.ocspResponse is '{options.Shown(nameof(options.OcspResponse))}'";
        if (files.ReadBytes(options.OcspResponse, position, shown) is not { } response)
        {
            return null;
        }
        try
        {
            if (chain.Count == 1)
            {
                throw new OcspException("the chain has no issuer after the leaf, by whom it could be checked");
            }
            var answer = new OcspVerifier(world.Time).Check(response, new(chain[0].RawData), new(chain[1].RawData));
            if (answer.Status != RevocationStatus.Good)
            {
                throw new OcspException($"it says {answer.Status.ToString().ToLowerInvariant()} {answer.Detail}");
            }
            ServerCertificateStaple staple = new();
            staple.Set(response, answer.ValidFrom, answer.ValidUntil);
            return pair with { Certificate = pair.Certificate with { Staple = staple } };
        }
        catch (OcspException refused)
        {
            problems.Error(position, $"{shown}, which cannot be stapled: {refused.Message}. Fetch it again, or remove it.");
            return null;
        }
    }

    private Checked? CheckKey(
        string path,
        CertificateOptions options,
        CertificateSource.Found found,
        X509Certificate2 leaf,
        TlsPolicy policy,
        TlsEngine engine
    )
    {
        var fitness = CertificateFitness.Of(leaf);
        if (fitness.TooFewFor(policy) is { } least)
        {
            var setting = fitness.Kind == "RSA" ? "minimumRsaKeyBits" : "minimumEcKeyBits";
            problems.Error(
                found.Chain.Position,
                $"{found.Chain.Shown}, whose {fitness.Kind} key has {fitness.KeyBits} bits; {setting} is {least}. Make a new key and certificate."
            );
            return null;
        }
        if (!fitness.IsOf(engine))
        {
            problems.Error(
                found.Chain.Position,
                $"{found.Chain.Shown}, whose key is {fitness.Kind}: the engine bouncycastle signs with ECDSA and RSA. Use such a key, or the engine openssl."
            );
            return null;
        }
        List<string> names = [];
        foreach (var extension in leaf.Extensions.OfType<X509SubjectAlternativeNameExtension>())
        {
            names.AddRange(extension.EnumerateDnsNames());
        }
        return new Checked(path, options.Start, new TlsCertificate(found.Name, found.ChainPem!, found.KeyPem!), fitness, names);
    }

    /// <summary>The chain; empty when it cannot be used.</summary>
    private X509Certificate2Collection CheckChain(CertificateSource.Found found, TlsOptions tls)
    {
        if (found.ChainPem is null)
        {
            return [];
        }
        var (position, shown) = (found.Chain.Position, found.Chain.Shown);
        if (CertificateFiles.ParseChain(found.ChainPem, out var problem) is not { } chain)
        {
            problems.Error(position, $"{shown}, {problem}.");
            return [];
        }
        foreach (var error in CertificateFindings.Errors(chain))
        {
            problems.Error(position, $"{shown}, {error}.");
        }
        foreach (var warning in CertificateFindings.Warnings(chain, tls.OcspStapling, found.HasStaple))
        {
            problems.Warning(position, $"{shown}, {warning}.");
        }
        foreach (var lifetime in CertificateFindings.Lifetimes(chain, world.Time.GetUtcNow()))
        {
            if (tls.ExpiredCertificates == "refuse")
            {
                problems.Error(position, $"{shown}, {lifetime} (expiredCertificates is refuse).");
            }
            else
            {
                problems.Warning(position, $"{shown}, {lifetime}.");
            }
        }
        return chain;
    }

    /// <summary>A name that an earlier certificate of the same kind of key has is never served from a later one.</summary>
    private void CheckNames(List<Checked> certificates)
    {
        Dictionary<(string Name, string Kind), Checked> owners = [];
        foreach (var certificate in certificates)
        {
            foreach (var name in certificate.Names.Distinct(StringComparer.OrdinalIgnoreCase))
            {
                var key = (name.ToUpperInvariant(), certificate.Fitness.Kind);
                if (!owners.TryAdd(key, certificate))
                {
                    problems.Warning(
                        certificate.Position,
                        $"{certificate.Path} names {name}, which {owners[key].Path} has with the same kind of key ({key.Kind}): clients get that one. Remove one of the two."
                    );
                }
            }
        }
    }

    private void CheckFitness(string path, SourcePosition position, TlsPolicy policy, List<Checked> certificates)
    {
        if (policy.CipherSuites.Count == 0 || policy.SignatureAlgorithms.Count == 0 || policy.MinimumVersion > policy.MaximumVersion)
        {
            return;
        }
        var versions = Enum.GetValues<TlsVersion>()
            .Where(version => version >= policy.MinimumVersion && version <= policy.MaximumVersion)
            .ToList();
        var idle = certificates.FindAll(certificate => !versions.Exists(version => certificate.Fitness.Serves(policy, version)));
        if (idle.Count == certificates.Count)
        {
            problems.Error(
                position,
                $"{path} would serve nobody: no cipher suite and signature algorithm of the listener fit the certificates' keys ({string.Join(", ", certificates.Select(static certificate => certificate.Fitness.Kind).Distinct())}). Change cipherSuites or signatureAlgorithms, or the certificates."
            );
            return;
        }
        foreach (var certificate in idle)
        {
            problems.Warning(
                certificate.Position,
                $"{certificate.Path} is never served: no cipher suite and signature algorithm of the listener fit its key ({certificate.Fitness.Kind})."
            );
        }
        foreach (
            var version in versions.Where(version =>
                HasSuite(policy, version) && certificates.TrueForAll(each => !each.Fitness.Serves(policy, version))
            )
        )
        {
            problems.Warning(
                position,
                $"{path}: clients of TLS {(version == TlsVersion.Tls13 ? "1.3" : "1.2")} are not served, though the version is allowed: no cipher suite and signature algorithm of it fit a certificate's key."
            );
        }
    }

    /// <summary>A policy without one is <see cref="PolicyChecker"/>'s to complain of.</summary>
    private static bool HasSuite(TlsPolicy policy, TlsVersion version) =>
        policy.CipherSuites.Any(suite => TlsParameterNames.IsTls13Suite(suite) == (version == TlsVersion.Tls13));

    /// <summary>One that can be used.</summary>
    private sealed record Checked(
        string Path,
        SourcePosition Position,
        TlsCertificate Certificate,
        CertificateFitness Fitness,
        IReadOnlyList<string> Names
    );
}
