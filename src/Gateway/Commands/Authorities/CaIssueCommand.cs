using System.CommandLine;
using TlsGateway.Gateway.Commands.Tools;
using TlsGateway.Gateway.Configuration.Checking;
using TlsGateway.Pki.Authority;
using TlsGateway.Pki.Certificates;
using TlsGateway.Pki.Files;
using TlsGateway.Pki.Keys;

namespace TlsGateway.Gateway.Commands.Authorities;

/// <summary><c>gateway ca issue</c>: a leaf with a new key.</summary>
internal static class CaIssueCommand
{
    private const string Description = """
        Issues a certificate with a new key. NAME.pem has the leaf and the intermediates, NAME-key.pem the key; both are in the authority's folder issued, or
        in --out. Profiles: server, client, both (members that speak TLS to each other), ocsp (a delegated responder), smime (gateway seal).

        Examples:
          gateway ca issue --folder lab --profile server --dns www.example.org --dns '*.example.org' --ip 192.0.2.1
          gateway ca issue --folder lab --profile client --subject "CN=alice,OU=ops" --days 30
          gateway ca issue --folder lab --profile both --dns member-1.fleet --uri spiffe://example.org/member-1 --key ecdsa-p384
          gateway ca issue --folder lab --profile client --subject "CN=alice" --pkcs12 alice.p12 --key-passphrase-file secret.txt
        """;

    public static Command Create(ConfigurationWorld world, TextWriter output, TextWriter error)
    {
        var folder = CaOptions.Folder();
        var profile = CaOptions.WithDefault("--profile", "PROFILE", $"One of {CertificateProfileNames.All}.", "server");
        Option<string?> subject = new("--subject")
        {
            Description = "Its name, most specific part first. Default: CN= the first --dns, --ip or --email.",
            HelpName = "NAME",
        };
        var dns = CaOptions.Many("--dns", "NAME", "DNS name; may be repeated.");
        var ip = CaOptions.Many("--ip", "ADDRESS", "IP address; may be repeated.");
        var uri = CaOptions.Many("--uri", "URI", "URI, such as a SPIFFE ID; may be repeated.");
        var mail = CaOptions.Many("--email", "ADDRESS", "Mail address; may be repeated.");
        var key = CaOptions.WithDefault("--key", "KIND", $"One of {KeyKindNames.All}.", "ecdsa-p256");
        Option<int> days = new("--days") { Description = "Its validity in days.", DefaultValueFactory = _ => 397 };
        Option<string?> name = new("--name") { Description = "What its files are called. Default: made of its names.", HelpName = "NAME" };
        Option<string?> outFolder = new("--out")
        {
            Description = "The folder for its files. Default: issued, in the authority's.",
            HelpName = "DIR",
        };
        Option<string?> pkcs12 = new("--pkcs12")
        {
            Description = "Write key and chain as PKCS#12 too, with the key passphrase.",
            HelpName = "FILE",
        };
        Option<bool> encrypt = new("--encrypt") { Description = "Encrypt its key with the key passphrase." };
        Option<bool> mustStaple = new("--must-staple")
        {
            Description = "Clients are to refuse it without a stapled OCSP response (RFC 7633).",
        };
        Option<bool> force = new("--force") { Description = "Replace files that are there." };
        PassphraseOptions passphrase = new(world, "", "the authority's key");
        PassphraseOptions keyPassphrase = new(world, "key-", "the new key");
        Command command = new("issue", Description)
        {
            folder,
            profile,
            subject,
            dns,
            ip,
            uri,
            mail,
            key,
            days,
            name,
            outFolder,
            pkcs12,
            encrypt,
            mustStaple,
            force,
        };
        passphrase.AddTo(command);
        keyPassphrase.AddTo(command);
        command.SetAction(
            (parsed, _) =>
                ToolCommand.RunAsync(
                    error,
                    () =>
                    {
                        var names = Names(parsed, dns, ip, uri, mail);
                        var common = names.First ?? "";
                        var distinguished = parsed.GetValue(subject) is { } text ? DistinguishedName.Parse(text) : SubjectOf(common);
                        var asked = distinguished.GetValueList(Org.BouncyCastle.Asn1.X509.X509Name.CN);
                        LeafRequest request = new()
                        {
                            Name =
                                parsed.GetValue(name)
                                ?? CertificateAuthority.SafeName(common.Length > 0 ? common : asked.FirstOrDefault() ?? ""),
                            Profile = CertificateProfileNames.Parse(parsed.GetRequiredValue(profile)),
                            Subject = distinguished,
                            Names = names,
                            Key = KeyKindNames.Parse(parsed.GetRequiredValue(key)),
                            Days = parsed.GetValue(days),
                            MustStaple = parsed.GetValue(mustStaple),
                            KeyPassphrase = parsed.GetValue(encrypt) ? keyPassphrase.Require(parsed, "--encrypt") : null,
                            Force = parsed.GetValue(force),
                            Folder = parsed.GetValue(outFolder),
                        };
                        var container = parsed.GetValue(pkcs12);
                        if (container is not null && !request.Force && File.Exists(container))
                        {
                            throw new Pki.PkiException($"{container} is there already. Name another file, or replace it with --force.");
                        }
                        return (
                            Folder: parsed.GetFolder(folder),
                            Request: request,
                            Passphrase: passphrase.Read(parsed),
                            Container: container,
                            ContainerPassphrase: container is null ? "" : keyPassphrase.Require(parsed, "--pkcs12")
                        );
                    },
                    wanted =>
                    {
                        using var authority = CertificateAuthority.Open(wanted.Folder, wanted.Passphrase, world.Time);
                        var issued = authority.Issue(wanted.Request);
                        output.WriteLine(CaOptions.Describe(issued.Entry));
                        output.WriteLine($"certificate  {issued.CertificateFile}");
                        output.WriteLine($"key          {issued.KeyFile}{(wanted.Request.KeyPassphrase is null ? "" : " (encrypted)")}");
                        if (wanted.Container is { } file)
                        {
                            var bytes = Pkcs12File.Write(issued.Key!, [issued.Certificate, .. issued.Chain], wanted.ContainerPassphrase);
                            PrivateFiles.Write(file, bytes, PrivateFiles.Private);
                            output.WriteLine($"PKCS#12      {Path.GetFullPath(file)}");
                        }
                    }
                )
        );
        return command;
    }

    private static AlternativeNames Names(
        ParseResult parsed,
        Option<string[]> dns,
        Option<string[]> ip,
        Option<string[]> uri,
        Option<string[]> mail
    )
    {
        AlternativeNames names = new();
        Array.ForEach(parsed.GetValue(dns) ?? [], name => names.AddDns(name));
        Array.ForEach(parsed.GetValue(ip) ?? [], address => names.AddAddress(address));
        Array.ForEach(parsed.GetValue(uri) ?? [], text => names.AddUri(text));
        Array.ForEach(parsed.GetValue(mail) ?? [], address => names.AddMail(address));
        return names;
    }

    /// <summary>A name that is too long for a common name is in the alternative names anyway, where clients look.</summary>
    private static Org.BouncyCastle.Asn1.X509.X509Name SubjectOf(string common) =>
        common.Length is > 0 and <= DistinguishedName.MaxCommonNameLength ? DistinguishedName.CommonName(common) : new([], []);
}
