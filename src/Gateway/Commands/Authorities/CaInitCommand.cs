using System.CommandLine;
using TlsGateway.Gateway.Commands.Tools;
using TlsGateway.Gateway.Configuration.Checking;
using TlsGateway.Pki.Authority;
using TlsGateway.Pki.Certificates;
using TlsGateway.Pki.Keys;

namespace TlsGateway.Gateway.Commands.Authorities;

/// <summary><c>gateway ca init</c>: a new root or intermediate.</summary>
internal static class CaInitCommand
{
    private const string Description = """
        Makes an authority in a folder: ca.pem is what clients trust, ca-key.pem is its key (mode 0600, encrypted with --encrypt). An authority that is
        there is never overwritten without --force.

        Examples:
          gateway ca init --folder lab --subject "CN=Lab CA,O=Example"
          gateway ca init --folder lab --key ecdsa-p384 --encrypt --passphrase-file secret.txt
          gateway ca init --folder lab --crl-url http://ca.example.org/crl --ocsp-url http://ca.example.org/ocsp
          gateway ca init --folder members --intermediate-of lab --subject "CN=Members CA" --path-length 0
        """;

    public static Command Create(ConfigurationWorld world, TextWriter output, TextWriter error)
    {
        var folder = CaOptions.Folder();
        var subject = CaOptions.WithDefault("--subject", "NAME", "Its name, most specific part first.", "CN=TLS gateway CA");
        var key = CaOptions.WithDefault("--key", "KIND", $"One of {KeyKindNames.All}.", "ecdsa-p256");
        Option<int?> days = new("--days") { Description = "Its validity in days. Default: 3650 for a root, 1825 for an intermediate." };
        Option<int?> pathLength = new("--path-length")
        {
            Description = "How many authorities may stand below it. Default: any number, or what its parent leaves.",
        };
        Option<string?> crl = new("--crl-url") { Description = "http URL of its CRL, for the certificates it issues.", HelpName = "URL" };
        Option<string?> ocsp = new("--ocsp-url")
        {
            Description = "http URL of its OCSP responder, for the certificates it issues.",
            HelpName = "URL",
        };
        Option<string?> parent = new("--intermediate-of")
        {
            Description = "The folder of the authority that signs it. Default: it is a root.",
            HelpName = "DIR",
        };
        Option<bool> encrypt = new("--encrypt") { Description = "Encrypt its key with the passphrase." };
        Option<bool> force = new("--force") { Description = "Replace an authority that is in the folder." };
        PassphraseOptions passphrase = new(world, "", "its key");
        PassphraseOptions parentPassphrase = new(world, "parent-", "the parent's key");
        Command command = new("init", Description) { folder, subject, key, days, pathLength, crl, ocsp, parent, encrypt, force };
        passphrase.AddTo(command);
        parentPassphrase.AddTo(command);
        command.SetAction(
            (parsed, _) =>
                ToolCommand.RunAsync(
                    error,
                    () =>
                        (
                            Folder: parsed.GetFolder(folder),
                            Request: new AuthorityRequest
                            {
                                Subject = DistinguishedName.Parse(parsed.GetRequiredValue(subject)),
                                Key = KeyKindNames.Parse(parsed.GetRequiredValue(key)),
                                Days = parsed.GetValue(days) ?? (parsed.GetValue(parent) is null ? 3650 : 1825),
                                PathLength = parsed.GetValue(pathLength),
                                Places = new RevocationPlaces(parsed.GetValue(crl), parsed.GetValue(ocsp)).Checked(),
                                Passphrase = parsed.GetValue(encrypt) ? passphrase.Require(parsed, "--encrypt") : null,
                                Force = parsed.GetValue(force),
                            },
                            Parent: parsed.GetValue(parent),
                            ParentPassphrase: parentPassphrase.Read(parsed)
                        ),
                    made => Make(made.Folder, made.Request, made.Parent, made.ParentPassphrase, world, output)
                )
        );
        return command;
    }

    private static void Make(
        AuthorityFolder folder,
        AuthorityRequest request,
        string? parent,
        string? parentPassphrase,
        ConfigurationWorld world,
        TextWriter output
    )
    {
        if (parent is null)
        {
            AuthorityBirth.MakeRoot(folder, request, world.Time);
        }
        else
        {
            using var above = CertificateAuthority.Open(new AuthorityFolder(parent), parentPassphrase, world.Time);
            AuthorityBirth.MakeIntermediate(folder, request, above);
        }
        output.WriteLine($"certificate  {folder.CertificateFile}");
        output.WriteLine($"key          {folder.KeyFile}{(request.Passphrase is null ? "" : " (encrypted)")}");
        if (parent is not null)
        {
            output.WriteLine($"parents      {folder.ParentsFile}");
        }
    }
}
