using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using TlsGateway.Gateway.Configuration.Options;

namespace TlsGateway.Gateway.Configuration.Checking;

/// <summary>Reads certificates for the framework's own TLS: of the admin endpoint and of the member port. What is wrong is then among the problems, and null is returned.</summary>
internal sealed class PlatformCertificates(ConfigurationProblems problems, ConfigurationWorld world, InputFiles files)
{
    /// <summary>A certificate with its key, and what stands between it and its authority.</summary>
    /// <param name="path">Where it is configured.</param>
    /// <param name="options">Names the files.</param>
    public (X509Certificate2 Leaf, X509Certificate2Collection Chain)? ReadCertificate(string path, CertificateOptions options)
    {
        if (
            new CertificateSource(problems, world, files).Read(path, options) is not { } found
            || found.ChainPem is null
            || found.KeyPem is null
        )
        {
            return null;
        }
        if (CertificateFiles.ParseChain(found.ChainPem, out var problem) is not { Count: > 0 } chain)
        {
            problems.Error(found.Chain.Position, $"{found.Chain.Shown}, {problem}.");
            return null;
        }
        foreach (var finding in CertificateFindings.Lifetimes(chain, world.Time.GetUtcNow()))
        {
            problems.Warning(found.Chain.Position, $"{found.Chain.Shown}, {finding}.");
        }
        try
        {
            var leaf = X509Certificate2.CreateFromPem(found.ChainPem, found.KeyPem);
            chain[0].Dispose();
            chain.RemoveAt(0);
            return (leaf, chain);
        }
        catch (Exception unusable) when (unusable is CryptographicException or ArgumentException)
        {
            problems.Error(
                found.Key.Position,
                $"{found.Key.Shown}, which is not the key of the certificate {chain[0].Subject}, or is no key. Use the key that the certificate was made with; the leaf must come first in the chain."
            );
            return null;
        }
    }

    /// <summary>Certificates of authorities, one at least.</summary>
    /// <param name="file">A PEM file.</param>
    /// <param name="position">Where it is named.</param>
    /// <param name="shown">How a message about it begins.</param>
    public X509Certificate2Collection? ReadAuthorities(string file, SourcePosition position, string shown)
    {
        if (files.ReadText(file, position, shown) is not { } pem)
        {
            return null;
        }
        if (CertificateFiles.ParseChain(pem, out var problem) is not { Count: > 0 } authorities)
        {
            problems.Error(position, $"{shown}, {problem}.");
            return null;
        }
        foreach (var authority in authorities)
        {
            if (authority.Extensions.OfType<X509BasicConstraintsExtension>().FirstOrDefault() is not { CertificateAuthority: true })
            {
                problems.Error(
                    position,
                    $"{shown}; {authority.Subject} in it is not an authority (basicConstraints). Give the issuer's certificate."
                );
                return null;
            }
        }
        return authorities;
    }
}
