using System.CommandLine;
using TlsGateway.Gateway.Commands.Tools;
using TlsGateway.Gateway.Configuration.Checking;
using TlsGateway.Pki;
using TlsGateway.Pki.Certificates;
using TlsGateway.Pki.Inspection;

namespace TlsGateway.Gateway.Commands.Inspection;

/// <summary><c>gateway inspect</c>: what is in a file, or what a server shows.</summary>
internal static class InspectCommand
{
    private const string Description = """
        Says what is in a file (certificates, keys, requests, CRLs, OCSP responses, PKCS#12, CMS; PEM or DER), or what a server shows: protocol, suite, group,
        ALPN, chain, stapled response, and whether it verifies. Of a private key only its kind and the fingerprint of its public half. Warnings begin
        with '!': expired, weak, no names. A server that does not verify is exit code 1.

        Examples:
          gateway inspect chain.pem
          gateway inspect bundle.p12 --passphrase-file secret.txt
          gateway inspect www.example.org:443
          gateway inspect 127.0.0.1:8443 --servername localhost --ca state/ca.pem --alpn h2,http/1.1
          gateway inspect chain.pem --json | jq '.[] | select(.daysLeft < 30).subject'
        """;

    public static Command Create(ConfigurationWorld world, TextWriter output, TextWriter error)
    {
        Argument<string> target = new("FILE|HOST:PORT") { Description = "A file; what is no file and has a port is a server." };
        Option<bool> json = new("--json") { Description = "As JSON: an array of items." };
        Option<string?> serverName = new("--servername")
        {
            Description = "Name for SNI and verification. Default: the host.",
            HelpName = "NAME",
        };
        Option<string?> authorities = new("--ca")
        {
            Description = "Authorities to verify a server against. Default: the system's.",
            HelpName = "FILE",
        };
        Option<string?> alpn = new("--alpn") { Description = "Application protocols to offer, with commas between.", HelpName = "LIST" };
        PassphraseOptions passphrase = new(world, "", "keys and PKCS#12");
        Command command = new("inspect", Description) { target, json, serverName, authorities, alpn };
        passphrase.AddTo(command);
        command.SetAction(
            (parsed, cancellation) =>
                ToolCommand.RunAsync(
                    error,
                    () =>
                    {
                        var what = parsed.GetRequiredValue(target);
                        var isFile = File.Exists(what) || Directory.Exists(what);
                        return (
                            File: isFile ? what : null,
                            Server: isFile ? null : ServerTarget.Parse(what, parsed.GetValue(serverName), parsed.GetValue(alpn)),
                            Passphrase: passphrase.Read(parsed)
                        );
                    },
                    async wanted =>
                    {
                        var now = world.Time.GetUtcNow();
                        if (wanted.File is not null)
                        {
                            Print(FileInspection.Describe(wanted.File, wanted.Passphrase, now), parsed.GetValue(json), output);
                            return ExitCode.Success;
                        }
                        var trusted = parsed.GetValue(authorities) is { } file ? CertificatePem.ReadFile(file) : null;
                        var shown = await ServerConnection.OpenAsync(wanted.Server!, cancellation).ConfigureAwait(false);
                        var (items, isTrusted) = ServerInspection.Describe(wanted.Server!, shown, trusted, now);
                        Print(items, parsed.GetValue(json), output);
                        return isTrusted ? ExitCode.Success : ExitCode.RuntimeFailure;
                    }
                )
        );
        return command;
    }

    private static void Print(IReadOnlyList<InspectedItem> items, bool asJson, TextWriter output) =>
        output.Write(asJson ? InspectionText.ToJson(items) : InspectionText.ToText(items));
}
