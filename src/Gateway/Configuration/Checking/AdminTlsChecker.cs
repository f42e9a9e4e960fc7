using TlsGateway.Gateway.Admin;
using TlsGateway.Gateway.Configuration.Options;

namespace TlsGateway.Gateway.Configuration.Checking;

/// <summary>Checks the admin endpoint's certificate, and who may show one there.</summary>
internal sealed class AdminTlsChecker(ConfigurationProblems problems, ConfigurationWorld world, InputFiles files)
{
    private const string Path = "admin.tls";
    private readonly PlatformCertificates _certificates = new(problems, world, files);

    /// <summary>Null: it has an error.</summary>
    public AdminTls? Check(AdminTlsOptions options)
    {
        var clients = options.Clients is null ? null : CheckClients(options.Clients);
        if (
            options.Certificate is null
            || _certificates.ReadCertificate($"{Path}.certificate", options.Certificate) is not var (leaf, chain)
        )
        {
            return null;
        }
        return options.Clients is not null && clients is null ? null : AdminTls.Create(leaf, chain, clients);
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
        return _certificates.ReadAuthorities(options.Authorities, position, shown) is { } authorities
            ? new AdminClients(authorities, readers, admins)
            : null;
    }
}
