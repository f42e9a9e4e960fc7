using System.Globalization;
using System.Text;
using TlsGateway.Pki.Certificates;
using TlsGateway.Pki.Files;
using TlsGateway.Pki.Revocation;

namespace TlsGateway.Pki.Authority;

/// <summary>
/// An authority's index as a text file, oldest first. One line a certificate, nine fields with a tab between: serial, state (good or revoked), notBefore, notAfter, revokedAt,
/// reason, profile, name, subject; <c>-</c> for none. Times are UTC, <c>2026-01-31T12:00:00Z</c>. Lines that begin with <c>#</c> are comments and are not kept.
/// </summary>
public static class CertificateIndex
{
    private const string Header = "# serial\tstate\tnotBefore\tnotAfter\trevokedAt\treason\tprofile\tname\tsubject\n";
    private const string TimeFormat = "yyyy-MM-dd'T'HH:mm:ss'Z'";
    private const string None = "-";
    private const int Fields = 9;

    /// <summary>All entries.</summary>
    /// <exception cref="PkiException">The file is absent, or a line is wrong: it is named.</exception>
    public static IReadOnlyList<IndexEntry> Read(string file)
    {
        List<IndexEntry> entries = [];
        var number = 0;
        foreach (var line in PrivateFiles.ReadText(file).Split('\n'))
        {
            number++;
            if (line.Length > 0 && line[0] != '#')
            {
                entries.Add(
                    Parse(line)
                        ?? throw new PkiException(
                            $"{file}:{number}: this is no line of an index. Put the file back from a backup; {Header.TrimEnd().Replace('\t', ' ')} are its fields, with a tab between."
                        )
                );
            }
        }
        return entries;
    }

    /// <summary>Replaces the file as a whole.</summary>
    public static void Write(string file, IEnumerable<IndexEntry> entries)
    {
        StringBuilder text = new(Header);
        foreach (var entry in entries)
        {
            text.AppendJoin(
                    '\t',
                    entry.Serial,
                    entry.IsRevoked ? "revoked" : "good",
                    ToText(entry.NotBefore),
                    ToText(entry.NotAfter),
                    entry.RevokedAt is { } at ? ToText(at) : None,
                    entry.Reason is { } reason ? RevocationReasonNames.NameOf(reason) : None,
                    CertificateProfileNames.NameOf(entry.Profile),
                    entry.Name,
                    entry.Subject.Length > 0 ? entry.Subject : None
                )
                .Append('\n');
        }
        PrivateFiles.Write(file, text.ToString(), PrivateFiles.Private);
    }

    /// <summary>Times as the index and reports write them.</summary>
    public static string ToText(DateTimeOffset time) => time.UtcDateTime.ToString(TimeFormat, CultureInfo.InvariantCulture);

    private static IndexEntry? Parse(string line)
    {
        var fields = line.Split('\t');
        if (
            fields.Length != Fields
            || fields[0].Length == 0
            || !fields[0].All(char.IsAsciiHexDigitUpper)
            || fields[1] is not ("good" or "revoked")
            || ParseTime(fields[2]) is not { } notBefore
            || ParseTime(fields[3]) is not { } notAfter
            || CertificateProfileNames.TryParseStored(fields[6]) is not { } profile
        )
        {
            return null;
        }
        var revokedAt = ParseTime(fields[4]);
        var reason = RevocationReasonNames.TryParse(fields[5]);
        var isRevoked = fields[1] == "revoked";
        if (isRevoked ? revokedAt is null || reason is null : fields[4] != None || fields[5] != None)
        {
            return null;
        }
        return new IndexEntry(fields[0], notBefore, notAfter, revokedAt, reason, profile, fields[7], fields[8] == None ? "" : fields[8]);
    }

    private static DateTimeOffset? ParseTime(string text) =>
        DateTimeOffset.TryParseExact(
            text,
            TimeFormat,
            CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal,
            out var time
        )
            ? time
            : null;
}
