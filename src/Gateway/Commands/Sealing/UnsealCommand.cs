using System.CommandLine;
using TlsGateway.Gateway.Commands.Tools;
using TlsGateway.Gateway.Configuration.Checking;
using TlsGateway.Pki.Certificates;
using TlsGateway.Pki.Files;
using TlsGateway.Pki.Keys;
using TlsGateway.Pki.Sealing;

namespace TlsGateway.Gateway.Commands.Sealing;

/// <summary><c>gateway unseal</c>: decrypts and verifies an S/MIME file.</summary>
internal static class UnsealCommand
{
    private const string Description = """
        Opens what gateway seal, openssl cms -encrypt or openssl smime -encrypt made: S/MIME, PEM or DER. The content appears only when it was decrypted to
        the end and every signature on it is good; --out then appears at once, whole, with mode 0600. With --verify-ca an unsigned file is refused, and so
        is a signer who does not chain to it; without, who signed is told but not checked.

        Examples:
          gateway unseal --cert ops.pem --key ops-key.pem --verify-ca lab/ca.pem --in gateway.yaml.p7m --out gateway.yaml
          openssl cms -encrypt -aes256 -binary -in export.log ops.pem | gateway unseal --cert ops.pem --key ops-key.pem > export.log
        """;

    public static Command Create(ConfigurationWorld world, TextWriter error)
    {
        Option<string> certificate = new("--cert")
        {
            Description = "The recipient's certificate.",
            HelpName = "FILE",
            Required = true,
        };
        Option<string> key = new("--key")
        {
            Description = "The recipient's key.",
            HelpName = "FILE",
            Required = true,
        };
        Option<string?> authorities = new("--verify-ca")
        {
            Description = "Certificates of the authorities whose signers are trusted.",
            HelpName = "FILE",
        };
        Option<string?> input = new("--in") { Description = "The sealed file. Default: standard input.", HelpName = "FILE" };
        Option<string?> output = new("--out") { Description = "Where the content goes. Default: standard output.", HelpName = "FILE" };
        PassphraseOptions passphrase = new(world, "", "the recipient's key");
        Command command = new("unseal", Description) { certificate, key, authorities, input, output };
        passphrase.AddTo(command);
        command.SetAction(
            (parsed, _) =>
                ToolCommand.RunAsync(
                    error,
                    () => passphrase.Read(parsed),
                    secret =>
                    {
                        var recipient = CertificatePem.ReadFile(parsed.GetRequiredValue(certificate))[0];
                        var recipientKey = PrivateKeyPem.ReadFile(parsed.GetRequiredValue(key), secret);
                        var trusted = parsed.GetValue(authorities) is { } file ? CertificatePem.ReadFile(file) : [];
                        Unseal(
                            parsed.GetValue(input),
                            parsed.GetValue(output),
                            (from, scratch, to) => Unsealer.Unseal(from, scratch, to, recipientKey, recipient, trusted, world.Time),
                            error
                        );
                    }
                )
        );
        return command;
    }

    /// <summary>What is not verified yet lies in files of mode 0600 beside the output (or in the system's folder for temporary files), which are removed whatever happens.</summary>
    private static void Unseal(string? input, string? output, Func<Stream, Stream, Stream, Unsealed> unseal, TextWriter error)
    {
        var place = output ?? Path.Combine(Path.GetTempPath(), "gateway-unseal");
        using var scratch = FileReplacement.Begin(place, PrivateFiles.Private);
        using var content = FileReplacement.Begin(place, PrivateFiles.Private);
        using var copy = input is null ? FileReplacement.Begin(place, PrivateFiles.Private) : null;
        copy?.TakeStandardInput();
        using Stream from = copy?.Content ?? File.OpenRead(input!);
        var result = unseal(from, scratch.Content, content.Content);
        if (output is null)
        {
            content.Content.Position = 0;
            using var standard = Console.OpenStandardOutput();
            content.Content.CopyTo(standard);
        }
        else
        {
            content.Commit();
        }
        Tell(result, error);
    }

    private static void TakeStandardInput(this FileReplacement copy)
    {
        using var standard = Console.OpenStandardInput();
        standard.CopyTo(copy.Content);
        copy.Content.Position = 0;
    }

    private static void Tell(Unsealed result, TextWriter error)
    {
        if (result.Signers.Count == 0)
        {
            error.WriteLine("Not signed: whoever has the recipient's certificate can have made it.");
            return;
        }
        error.WriteLine(
            $"Signed by {string.Join("; ", result.Signers)}{(result.AreTrusted ? "." : ", who was not checked: give --verify-ca to do so.")}"
        );
    }
}
