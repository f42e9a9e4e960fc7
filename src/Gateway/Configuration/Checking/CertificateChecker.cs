using TlsGateway.Gateway.Certificates;
using TlsGateway.Gateway.Configuration.Options;
using TlsGateway.Tls;

namespace TlsGateway.Gateway.Configuration.Checking;

/// <summary>Checks that certificates and keys can be read, are what they should be, and belong together.</summary>
internal sealed class CertificateChecker(ConfigurationProblems problems, ConfigurationWorld world, string file, string stateFolder)
{
    private readonly string _folder = Path.GetDirectoryName(file)!;
    private bool _checkedDevelopment;

    /// <summary>The listener's certificates, none for the development certificate; null when there are errors.</summary>
    public IReadOnlyList<TlsCertificate>? Check(string path, TlsOptions options)
    {
        var position = options.At(nameof(options.Certificates));
        if (!options.Has(nameof(options.Certificates)))
        {
            return null;
        }
        if (options.Certificates is null)
        {
            CheckDevelopmentCertificate(position);
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
        List<TlsCertificate> certificates = [];
        for (var index = 0; index < options.Certificates.Count; index++)
        {
            if (CheckOne($"{path}[{index}]", options.Certificates[index]) is { } certificate)
            {
                certificates.Add(certificate);
            }
        }
        return certificates;
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

    private TlsCertificate? CheckOne(string path, CertificateOptions options)
    {
        if (options.Certificate is null || options.Key is null)
        {
            return null;
        }
        var keyPosition = options.At(nameof(options.Key));
        var certificateShown = $"{path}.certificate is '{options.Shown(nameof(options.Certificate))}'";
        var keyShown = $"{path}.key is '{options.Shown(nameof(options.Key))}'";
        var chainPem = ReadFile(options.Certificate, options.At(nameof(options.Certificate)), certificateShown);
        var keyPem = ReadFile(options.Key, keyPosition, keyShown);
        var leaf = chainPem is null ? null : CheckChain(chainPem, options.At(nameof(options.Certificate)), certificateShown);
        if (keyPem is null)
        {
            return null;
        }
        if (CertificateFiles.ParsePublicKey(keyPem, out var problem) is not { } publicKey)
        {
            problems.Error(keyPosition, $"{keyShown}, {problem}.");
            return null;
        }
        if (leaf is null || chainPem is null)
        {
            return null;
        }
        using (leaf)
        {
            if (!CertificateFiles.Matches(leaf, publicKey))
            {
                problems.Error(
                    keyPosition,
                    $"{keyShown}, which is not the key of the certificate {leaf.Subject}. Use the key that the certificate was made with; the leaf must come first in the chain."
                );
                return null;
            }
        }
        return new TlsCertificate(options.Certificate, chainPem, keyPem);
    }

    private System.Security.Cryptography.X509Certificates.X509Certificate2? CheckChain(string pem, SourcePosition position, string shown)
    {
        if (CertificateFiles.ParseChain(pem, out var problem) is not { } chain)
        {
            problems.Error(position, $"{shown}, {problem}.");
            return null;
        }
        foreach (var issuer in chain.Skip(1))
        {
            issuer.Dispose();
        }
        if (CertificateFiles.DescribeLifetime(chain[0], world.Time.GetUtcNow()) is { } warning)
        {
            problems.Warning(position, $"{shown}: {warning}");
        }
        return chain[0];
    }

    private string? ReadFile(string path, SourcePosition position, string shown)
    {
        if (path.Contains("-----BEGIN", StringComparison.Ordinal))
        {
            problems.Error(position, $"{shown.Split('\n')[0]}…, which is PEM text itself. Write the path of a file that holds it.");
            return null;
        }
        if (CertificateFiles.ReadText(Path.GetFullPath(path, _folder), out var problem) is { } text)
        {
            return text;
        }
        problems.Error(position, $"{shown}, {problem}. Paths are relative to the folder of the configuration file.");
        return null;
    }
}
