using System.CommandLine;
using TlsGateway.Gateway.Commands.Tools;
using TlsGateway.Gateway.Configuration.Checking;
using TlsGateway.Pki;
using TlsGateway.Pki.Certificates;
using TlsGateway.Pki.Files;
using TlsGateway.Pki.Keys;
using TlsGateway.Pki.Sealing;

namespace TlsGateway.Gateway.Commands.Sealing;

/// <summary><c>gateway seal</c>: signs and encrypts a file as S/MIME.</summary>
internal static class SealCommand
{
    private const string Description = """
        Encrypts a file for the holders of certificates, signed first with --sign: S/MIME (CMS EnvelopedData, AES-256-CBC), of any size in little memory.
        gateway unseal, openssl cms and mail programs open it. RSA keys get the content key by OAEP; --rsa-padding pkcs1 is for openssl smime and
        others that know no OAEP. Encryption alone does not show a change: sign what must not be changed.

        Examples:
          gateway seal --to ops.pem --sign ci.pem --key ci-key.pem --in gateway.yaml --out gateway.yaml.p7m
          gateway seal --to a.pem --to b.pem --format der < export.log > export.log.p7m
          gateway seal --to ops.pem --rsa-padding pkcs1 --in note.txt --out note.eml && openssl smime -decrypt -in note.eml -inkey ops-key.pem
        """;

    public static Command Create(ConfigurationWorld world, TextWriter error)
    {
        Option<string[]> to = new("--to")
        {
            Description = "Certificate of a recipient; may be repeated.",
            HelpName = "FILE",
            Required = true,
        };
        Option<string?> sign = new("--sign")
        {
            Description = "Certificate of the signer (profile smime), with its intermediates.",
            HelpName = "FILE",
        };
        Option<string?> key = new("--key") { Description = "Key of the signer.", HelpName = "FILE" };
        Option<string?> input = new("--in") { Description = "The file to seal. Default: standard input.", HelpName = "FILE" };
        Option<string?> output = new("--out") { Description = "The sealed file. Default: standard output.", HelpName = "FILE" };
        Option<string> format = new("--format") { Description = "smime, pem or der.", DefaultValueFactory = _ => "smime" };
        Option<string> padding = new("--rsa-padding") { Description = "oaep or pkcs1.", DefaultValueFactory = _ => "oaep" };
        PassphraseOptions passphrase = new(world, "", "the signer's key");
        format.AcceptOnlyFromAmong("smime", "pem", "der");
        padding.AcceptOnlyFromAmong("oaep", "pkcs1");
        Command command = new("seal", Description) { to, sign, key, input, output, format, padding };
        passphrase.AddTo(command);
        command.SetAction(
            (parsed, _) =>
                ToolCommand.RunAsync(
                    error,
                    () =>
                    {
                        var signer = parsed.GetValue(sign);
                        var signerKey = parsed.GetValue(key);
                        if ((signer is null) != (signerKey is null))
                        {
                            throw new PkiException("--sign and --key belong together. Give both, or neither.");
                        }
                        return (Signer: signer, Key: signerKey, Passphrase: passphrase.Read(parsed));
                    },
                    wanted =>
                    {
                        SealRequest request = new()
                        {
                            Recipients = [.. parsed.GetRequiredValue(to).Select(file => CertificatePem.ReadFile(file)[0])],
                            Signer = wanted.Signer is null ? [] : CertificatePem.ReadFile(wanted.Signer),
                            SignerKey = wanted.Key is null ? null : PrivateKeyPem.ReadFile(wanted.Key, wanted.Passphrase),
                            Format = Enum.Parse<SealFormat>(parsed.GetRequiredValue(format), ignoreCase: true),
                            UsesPkcs1Padding = parsed.GetValue(padding) == "pkcs1",
                        };
                        Seal(parsed.GetValue(input), parsed.GetValue(output), request, world.Time);
                    }
                )
        );
        return command;
    }

    private static void Seal(string? input, string? output, SealRequest request, TimeProvider time)
    {
        using var content = input is null ? Console.OpenStandardInput() : File.OpenRead(input);
        if (output is null)
        {
            using var standard = Console.OpenStandardOutput();
            Sealer.Seal(content, standard, request, time);
            return;
        }
        using var file = FileReplacement.Begin(output, PrivateFiles.Public);
        Sealer.Seal(content, file.Content, request, time);
        file.Commit();
    }
}
