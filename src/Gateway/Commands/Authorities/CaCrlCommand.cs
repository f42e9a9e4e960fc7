using System.CommandLine;
using TlsGateway.Gateway.Commands.Tools;
using TlsGateway.Gateway.Configuration.Checking;
using TlsGateway.Pki.Authority;
using TlsGateway.Pki.Files;
using TlsGateway.Pki.Revocation;

namespace TlsGateway.Gateway.Commands.Authorities;

/// <summary><c>gateway ca crl</c>: the next revocation list.</summary>
internal static class CaCrlCommand
{
    private const string Description = """
        Makes the next CRL with all that is revoked: crl.pem in the authority's folder, and --out as DER for a web server (RFC 5280 §4.2.1.13). Make one
        before the last ends, also when nothing was revoked.

        Examples:
          gateway ca crl --folder lab
          gateway ca crl --folder lab --days 1 --out /var/www/crl
        """;

    public static Command Create(ConfigurationWorld world, TextWriter output, TextWriter error)
    {
        var folder = CaOptions.Folder();
        Option<int> days = new("--days") { Description = "Days until the next one is due.", DefaultValueFactory = _ => 7 };
        Option<string?> copy = new("--out") { Description = "Write it as DER here too.", HelpName = "FILE" };
        PassphraseOptions passphrase = new(world, "", "the authority's key");
        Command command = new("crl", Description) { folder, days, copy };
        passphrase.AddTo(command);
        command.SetAction(
            (parsed, _) =>
                ToolCommand.RunAsync(
                    error,
                    () => (Folder: parsed.GetFolder(folder), Passphrase: passphrase.Read(parsed)),
                    wanted =>
                    {
                        using var authority = CertificateAuthority.Open(wanted.Folder, wanted.Passphrase, world.Time);
                        var crl = authority.MakeCrl(parsed.GetValue(days));
                        output.WriteLine(
                            $"CRL {CrlFactory.NumberOf(crl)} with {authority.Index.Count(entry => entry.IsRevoked)} revoked, next due {CertificateIndex.ToText(CrlFactory.NextUpdateOf(crl))}"
                        );
                        output.WriteLine($"PEM  {wanted.Folder.CrlFile}");
                        if (parsed.GetValue(copy) is { } file)
                        {
                            PrivateFiles.Write(file, crl.GetEncoded(), PrivateFiles.Public);
                            output.WriteLine($"DER  {Path.GetFullPath(file)}");
                        }
                    }
                )
        );
        return command;
    }
}
