using System.CommandLine;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using TlsGateway.Gateway.Commands.Tools;
using TlsGateway.Gateway.Configuration.Checking;
using TlsGateway.Pki.Authority;
using TlsGateway.Pki.Certificates;
using TlsGateway.Pki.Revocation;

namespace TlsGateway.Gateway.Commands.Authorities;

/// <summary><c>gateway ca list</c>: what an authority issued.</summary>
internal static class CaListCommand
{
    private const string Description = """
        Lists what an authority issued, oldest first: serial number, state (good, expired, revoked), days left, profile, name, subject. Needs no key.

        Examples:
          gateway ca list --folder lab
          gateway ca list --folder lab --json | jq '.[] | select(.state == "good" and .daysLeft < 30).name'
        """;

    private static readonly JsonSerializerOptions Format = new()
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static Command Create(ConfigurationWorld world, TextWriter output, TextWriter error)
    {
        var folder = CaOptions.Folder();
        Option<bool> json = new("--json") { Description = "As JSON." };
        Command command = new("list", Description) { folder, json };
        command.SetAction(
            (parsed, _) =>
                ToolCommand.RunAsync(
                    error,
                    () => parsed.GetFolder(folder),
                    place =>
                    {
                        // The index is replaced as a whole, so it is read without the lock, while another run issues.
                        var index = CertificateIndex.Read(place.IndexFile);
                        var now = world.Time.GetUtcNow();
                        output.Write(parsed.GetValue(json) ? ToJson(index, now) : ToTable(index, now));
                    }
                )
        );
        return command;
    }

    private static string ToTable(IReadOnlyList<IndexEntry> index, DateTimeOffset now)
    {
        List<string[]> rows =
        [
            ["SERIAL", "STATE", "DAYS", "PROFILE", "NAME", "SUBJECT"],
        ];
        foreach (var entry in index)
        {
            var state = entry.Reason is { } reason ? $"revoked ({RevocationReasonNames.NameOf(reason)})" : entry.StateAt(now);
            var profile = CertificateProfileNames.NameOf(entry.Profile);
            rows.Add([entry.Serial, state, DaysLeft(entry, now).ToString(), profile, entry.Name, entry.Subject]);
        }
        return TextTable.Format(rows);
    }

    private static string ToJson(IReadOnlyList<IndexEntry> index, DateTimeOffset now)
    {
        JsonArray list =
        [
            .. index.Select(entry => new JsonObject
            {
                ["serial"] = entry.Serial,
                ["state"] = entry.StateAt(now),
                ["daysLeft"] = DaysLeft(entry, now),
                ["notBefore"] = CertificateIndex.ToText(entry.NotBefore),
                ["notAfter"] = CertificateIndex.ToText(entry.NotAfter),
                ["revokedAt"] = entry.RevokedAt is { } at ? CertificateIndex.ToText(at) : null,
                ["reason"] = entry.Reason is { } reason ? RevocationReasonNames.NameOf(reason) : null,
                ["profile"] = CertificateProfileNames.NameOf(entry.Profile),
                ["name"] = entry.Name,
                ["subject"] = entry.Subject,
            }),
        ];
        return list.ToJsonString(Format) + "\n";
    }

    private static int DaysLeft(IndexEntry entry, DateTimeOffset now) => (int)Math.Floor((entry.NotAfter - now).TotalDays);
}
