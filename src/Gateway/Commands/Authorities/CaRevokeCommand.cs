using System.CommandLine;
using TlsGateway.Gateway.Commands.Tools;
using TlsGateway.Gateway.Configuration.Checking;
using TlsGateway.Pki.Authority;
using TlsGateway.Pki.Revocation;

namespace TlsGateway.Gateway.Commands.Authorities;

/// <summary><c>gateway ca revoke</c>: a certificate is no longer good.</summary>
internal static class CaRevokeCommand
{
    private const string Description = $"""
        Revokes a certificate from now on. A running ocsp-serve says so at once; make a new CRL with gateway ca crl. The authority's key is not needed.

        Reasons (RFC 5280): unspecified, keyCompromise, cACompromise, affiliationChanged, superseded, cessationOfOperation, certificateHold,
        privilegeWithdrawn, aACompromise.

        Example:
          gateway ca revoke --folder lab www.example.org --reason keyCompromise && gateway ca crl --folder lab
        """;

    public static Command Create(ConfigurationWorld world, TextWriter output, TextWriter error)
    {
        var folder = CaOptions.Folder();
        Argument<string> which = new("NAME") { Description = "Name of its files (the newest of that name), or its serial number." };
        var reason = CaOptions.WithDefault("--reason", "REASON", "Why.", "unspecified");
        Command command = new("revoke", Description) { which, folder, reason };
        command.SetAction(
            (parsed, _) =>
                ToolCommand.RunAsync(
                    error,
                    () => (Folder: parsed.GetFolder(folder), Reason: RevocationReasonNames.Parse(parsed.GetRequiredValue(reason))),
                    wanted =>
                    {
                        using var authority = CertificateAuthority.Open(wanted.Folder, passphrase: null, world.Time, withKey: false);
                        var entry = authority.Revoke(parsed.GetRequiredValue(which), wanted.Reason);
                        output.WriteLine($"{entry.Serial}  {entry.Name}, revoked for {RevocationReasonNames.NameOf(wanted.Reason)}");
                        output.WriteLine($"Make a new CRL: gateway ca crl --folder {parsed.GetRequiredValue(folder)}");
                    }
                )
        );
        return command;
    }
}
