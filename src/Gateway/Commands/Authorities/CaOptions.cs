using System.CommandLine;
using TlsGateway.Pki.Authority;
using TlsGateway.Pki.Certificates;

namespace TlsGateway.Gateway.Commands.Authorities;

/// <summary>Options that several commands of <c>gateway ca</c> have.</summary>
internal static class CaOptions
{
    public static Option<string> Folder() =>
        new("--folder")
        {
            Description = "The authority's folder.",
            HelpName = "DIR",
            Required = true,
        };

    public static AuthorityFolder GetFolder(this ParseResult parsed, Option<string> folder) => new(parsed.GetRequiredValue(folder));

    public static Option<string[]> Many(string name, string help, string description) =>
        new(name)
        {
            Description = description,
            HelpName = help,
            AllowMultipleArgumentsPerToken = false,
        };

    public static Option<string> WithDefault(string name, string help, string description, string standard) =>
        new(name)
        {
            Description = description,
            HelpName = help,
            DefaultValueFactory = _ => standard,
        };

    /// <summary>What the operator sees of a certificate.</summary>
    public static string Describe(IndexEntry entry) =>
        $"{entry.Serial}  {CertificateProfileNames.NameOf(entry.Profile)}  {entry.Name}, valid to {CertificateIndex.ToText(entry.NotAfter)}";
}
