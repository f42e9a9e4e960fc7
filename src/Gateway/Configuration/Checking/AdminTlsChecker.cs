using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using TlsGateway.Gateway.Admin;
using TlsGateway.Gateway.Configuration.Options;

namespace TlsGateway.Gateway.Configuration.Checking;

/// <summary>Checks the admin endpoint's certificate, and who may show one there.</summary>
internal sealed class AdminTlsChecker(ConfigurationProblems problems, ConfigurationWorld world, InputFiles files)
{
    private const string Path = "admin.tls";

    /// <summary>Null: it has an error.</summary>
    public AdminTls? Check(AdminTlsOptions options)
    {
        var clients = options.Clients is null ? null : CheckClients(options.Clients);
        if (options.Certificate is null || ReadCertificate(options.Certificate) is not var (leaf, chain))
        {
            return null;
        }
        return options.Clients is not null && clients is null ? null : AdminTls.Create(leaf, chain, clients);
    }

    private (X509Certificate2 Leaf, X509Certificate2Collection Chain)? ReadCertificate(CertificateOptions options)
    {
        if (
            new CertificateSource(problems, world, files).Read($"{Path}.certificate", options) is not { } found
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

    private AdminClients? CheckClients(AdminClientOptions options)
    {
        var readers = ClientMatchReader.Read($"{Path}.clients.readers", options.Readers, problems);
        var admins = ClientMatchReader.Read($"{Path}.clients.admins", options.Admins, problems);
        if (options.Authorities is null || readers is null || admins is null)
        {
            return null;
        }
        var position = options.At(nameof(options.Authorities));
        var shown = $"{Path}.clients.authorities is '{options.Shown(nameof(options.Authorities))}'";
        if (files.ReadText(options.Authorities, position, shown) is not { } pem)
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
        return new AdminClients(authorities, readers, admins);
    }
}
