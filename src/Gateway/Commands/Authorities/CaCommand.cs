using System.CommandLine;
using TlsGateway.Gateway.Configuration.Checking;

namespace TlsGateway.Gateway.Commands.Authorities;

/// <summary><c>gateway ca</c>: a small certificate authority.</summary>
internal static class CaCommand
{
    private const string Description = """
        A small certificate authority for development, labs and TLS between members of a fleet. Not for the public web: no audit, no policy, and
        its key lies in a file.

        Examples:
          gateway ca init --folder lab --subject "CN=Lab CA"
          gateway ca issue --folder lab --profile server --dns localhost --ip 127.0.0.1
          gateway ca list --folder lab
          gateway ca renew --folder lab localhost
          gateway ca revoke --folder lab localhost --reason keyCompromise
          gateway ca crl --folder lab
          gateway ca ocsp-serve --folder lab --listen 127.0.0.1:8889
        """;

    public static Command Create(ConfigurationWorld world, TextWriter output, TextWriter error) =>
        new("ca", Description)
        {
            CaInitCommand.Create(world, output, error),
            CaIssueCommand.Create(world, output, error),
            CaRenewCommand.Create(world, output, error),
            CaRevokeCommand.Create(world, output, error),
            CaCrlCommand.Create(world, output, error),
            CaOcspServeCommand.Create(world, output, error),
            CaListCommand.Create(world, output, error),
        };
}
