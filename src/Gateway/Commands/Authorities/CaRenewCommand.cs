using System.CommandLine;
using TlsGateway.Gateway.Commands.Tools;
using TlsGateway.Gateway.Configuration.Checking;
using TlsGateway.Pki.Authority;

namespace TlsGateway.Gateway.Commands.Authorities;

/// <summary><c>gateway ca renew</c>: the same certificate again.</summary>
internal static class CaRenewCommand
{
    private const string Description = """
        Issues a certificate again: same subject, names, profile and length, a new serial number and, without --keep-key, a new key. The files keep their
        names, so a gateway that serves them picks the new ones up; the old ones stay beside them with their serial number in the name. The old
        certificate stays valid to its end: revoke it by its serial number if it must not.

        Examples:
          gateway ca renew --folder lab www.example.org
          gateway ca renew --folder lab 5E0C94A47C4B0B2C9BBD31B4B0E2D0F1 --keep-key --days 30
        """;

    public static Command Create(ConfigurationWorld world, TextWriter output, TextWriter error)
    {
        var folder = CaOptions.Folder();
        Argument<string> which = new("NAME") { Description = "Name of its files, or its serial number." };
        Option<bool> keepKey = new("--keep-key") { Description = "Certify the same key again." };
        Option<int?> days = new("--days") { Description = "Its validity in days. Default: as long as before." };
        Option<string?> outFolder = new("--out")
        {
            Description = "The folder of its files. Default: issued, in the authority's.",
            HelpName = "DIR",
        };
        Option<bool> encrypt = new("--encrypt") { Description = "Encrypt the new key with the key passphrase." };
        PassphraseOptions passphrase = new(world, "", "the authority's key");
        PassphraseOptions keyPassphrase = new(world, "key-", "the new key");
        Command command = new("renew", Description) { which, folder, keepKey, days, outFolder, encrypt };
        passphrase.AddTo(command);
        keyPassphrase.AddTo(command);
        command.SetAction(
            (parsed, _) =>
                ToolCommand.RunAsync(
                    error,
                    () =>
                        (
                            Folder: parsed.GetFolder(folder),
                            Passphrase: passphrase.Read(parsed),
                            KeyPassphrase: parsed.GetValue(encrypt) ? keyPassphrase.Require(parsed, "--encrypt") : null
                        ),
                    wanted =>
                    {
                        using var authority = CertificateAuthority.Open(wanted.Folder, wanted.Passphrase, world.Time);
                        var issued = authority.Renew(
                            parsed.GetRequiredValue(which),
                            parsed.GetValue(keepKey),
                            parsed.GetValue(days),
                            wanted.KeyPassphrase,
                            parsed.GetValue(outFolder)
                        );
                        output.WriteLine(CaOptions.Describe(issued.Entry));
                        output.WriteLine($"certificate  {issued.CertificateFile}");
                        output.WriteLine(issued.Key is null ? $"key          kept, {issued.KeyFile}" : $"key          {issued.KeyFile}");
                    }
                )
        );
        return command;
    }
}
