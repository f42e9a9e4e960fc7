using TlsGateway.Actors.Settings;
using TlsGateway.Gateway.Configuration.Options;
using TlsGateway.Tls;
using TlsGateway.Tls.Policies;

namespace TlsGateway.Gateway.Configuration.Checking;

/// <summary>Checks how upstreams are spoken to over TLS.</summary>
internal sealed class UpstreamTlsChecker(ConfigurationProblems problems, ConfigurationWorld world, InputFiles files)
{
    /// <summary>Where systems keep the authorities that they trust: Debian, Red Hat, Alpine, SUSE.</summary>
    private static readonly string[] SystemBundles =
    [
        "/etc/ssl/certs/ca-certificates.crt",
        "/etc/pki/tls/certs/ca-bundle.crt",
        "/etc/ssl/cert.pem",
        "/etc/ssl/ca-bundle.pem",
    ];

    private readonly CertificateSource _source = new(problems, world, files);

    /// <summary>The settings; null when there are errors.</summary>
    public UpstreamTlsSettings? Check(string path, UpstreamTlsOptions options)
    {
        var named = TlsPolicies.All.First(policy => policy.Name == options.Policy);
        var policy = named with
        {
            MinimumVersion = PolicyChecker.ToVersion(options.MinimumVersion) ?? named.MinimumVersion,
            MaximumVersion = PolicyChecker.ToVersion(options.MaximumVersion) ?? named.MaximumVersion,
        };
        if (policy.MinimumVersion > policy.MaximumVersion)
        {
            problems.Error(
                options.At(options.Has(nameof(options.MinimumVersion)) ? nameof(options.MinimumVersion) : nameof(options.MaximumVersion)),
                $"{path} allows no TLS version: its minimumVersion is above its maximumVersion. Lower the one or raise the other."
            );
        }
        if (options.CopyApplicationProtocol && options.ApplicationProtocols.Count > 0)
        {
            problems.Error(
                options.At(nameof(options.ApplicationProtocols)),
                $"{path} has applicationProtocols beside copyApplicationProtocol, which offers what was agreed with the client. Remove one of the two."
            );
        }
        for (var index = 0; index < options.ApplicationProtocols.Count; index++)
        {
            if (options.ApplicationProtocols[index].Length is 0 or > 255)
            {
                problems.Error(
                    options.At(nameof(options.ApplicationProtocols), index),
                    $"{path}.applicationProtocols[{index}] must have 1 to 255 characters."
                );
            }
        }
        var authorities = ReadAuthorities(path, options);
        var certificate = options.Certificate is { } shown ? ReadCertificate($"{path}.certificate", shown) : null;
        if (problems.HasErrors)
        {
            return null;
        }
        return new UpstreamTlsSettings
        {
            Engine = options.Engine == "bouncycastle" ? TlsEngine.BouncyCastle : TlsEngine.OpenSsl,
            ServerName = options.ServerName ?? "",
            CopiesServerName = options.CopyServerName,
            ExpectedName = options.ExpectedName ?? "",
            ApplicationProtocols = options.ApplicationProtocols,
            CopiesApplicationProtocol = options.CopyApplicationProtocol,
            Client = new TlsClientSettings
            {
                TrustedAuthoritiesPem = authorities,
                MinimumVersion = policy.MinimumVersion,
                MaximumVersion = policy.MaximumVersion,
                Policy = policy,
                Certificate = certificate,
            },
        };
    }

    /// <summary>Null without verification, or with an error.</summary>
    private string? ReadAuthorities(string path, UpstreamTlsOptions options)
    {
        var position = options.At(nameof(options.Authorities));
        if (!options.Verify)
        {
            problems.Warning(
                options.At(nameof(options.Verify)),
                $"{path}.verify IS OFF: whoever answers at an endpoint's address is given what clients send. Name the authorities, and remove it."
            );
            if (options.Has(nameof(options.Authorities)) || options.Has(nameof(options.ExpectedName)))
            {
                problems.Error(position, $"{path} has verify: false beside what is to be verified. Remove verify.");
            }
            return null;
        }
        var file = options.Authorities;
        var shown = $"{path}.authorities is '{options.Shown(nameof(options.Authorities))}'";
        if (file == UpstreamTlsOptions.SystemAuthorities)
        {
            shown = $"{path}.authorities is system";
            file = Array.Find(SystemBundles, File.Exists);
            if (file is null)
            {
                problems.Error(
                    position,
                    $"{shown}, and there is none of {string.Join(", ", SystemBundles)} on this machine. Install its ca-certificates, or name a PEM file."
                );
                return null;
            }
        }
        if (files.ReadText(file, position, shown) is not { } pem)
        {
            return null;
        }
        if (CertificateFiles.ParseChain(pem, out var problem) is not { } parsed)
        {
            problems.Error(position, $"{shown}, {problem}.");
            return null;
        }
        foreach (var certificate in parsed)
        {
            certificate.Dispose();
        }
        return pem;
    }

    private TlsCertificate? ReadCertificate(string path, CertificateOptions options)
    {
        if (_source.Read(path, options) is not { ChainPem: { } chainPem, KeyPem: { } keyPem } found)
        {
            return null;
        }
        if (CertificateFiles.ParseChain(chainPem, out var problem) is not { } chain)
        {
            problems.Error(found.Chain.Position, $"{found.Chain.Shown}, {problem}.");
            return null;
        }
        try
        {
            if (CertificateFiles.ParsePublicKey(keyPem, out problem) is not { } key)
            {
                problems.Error(found.Key.Position, $"{found.Key.Shown}, {problem}.");
                return null;
            }
            if (!CertificateFiles.Matches(chain[0], key))
            {
                problems.Error(
                    found.Key.Position,
                    $"{found.Key.Shown}, which is not the key of the certificate {chain[0].Subject}. Use the key that the certificate was made with."
                );
                return null;
            }
            if (chain[0].NotAfter.ToUniversalTime() < world.Time.GetUtcNow().UtcDateTime)
            {
                problems.Warning(
                    found.Chain.Position,
                    $"{found.Chain.Shown}, which has expired: endpoints that check it refuse the gateway."
                );
            }
            return new TlsCertificate(found.Name, chainPem, keyPem);
        }
        finally
        {
            foreach (var certificate in chain)
            {
                certificate.Dispose();
            }
        }
    }
}
