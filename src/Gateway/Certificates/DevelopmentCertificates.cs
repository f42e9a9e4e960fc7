using System.Security.Cryptography.X509Certificates;
using TlsGateway.Gateway.Configuration.Checking;
using TlsGateway.Tls;

namespace TlsGateway.Gateway.Certificates;

/// <summary>
/// The certificate for trying the gateway out: an authority of this machine's own and a leaf for localhost, kept in the state folder. Made once and never
/// overwritten, so that an authority which a user has trusted stays the same.
/// </summary>
/// <param name="Certificate">The leaf with its key.</param>
/// <param name="AuthorityFile">The authority's certificate, an absolute path: what clients trust.</param>
/// <param name="WereMade">This call made the files.</param>
/// <param name="Warning">What the operator should know, or null.</param>
internal sealed record DevelopmentCertificates(TlsCertificate Certificate, string AuthorityFile, bool WereMade, string? Warning)
{
    public const string AuthorityFileName = "ca.pem";
    public const string AuthorityKeyFileName = "ca-key.pem";
    public const string LeafFileName = "tls.pem";
    public const string LeafKeyFileName = "tls-key.pem";

    private const UnixFileMode PrivateFolder = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const UnixFileMode PrivateFile = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode PublicFile = PrivateFile | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    private static readonly string[] FileNames = [AuthorityFileName, AuthorityKeyFileName, LeafFileName, LeafKeyFileName];

    /// <summary>What is wrong when some of the files exist and others do not, with what to do; null when all or none exist.</summary>
    public static string? DescribeIncompleteSet(string folder)
    {
        var missing = FileNames.Where(name => !File.Exists(Path.Combine(folder, name))).ToList();
        if (missing.Count == 0 || missing.Count == FileNames.Length)
        {
            return null;
        }
        var present = FileNames.Except(missing, StringComparer.Ordinal);
        return $"the development certificates in {folder} are incomplete: {string.Join(", ", missing)} missing, {string.Join(", ", present)} present. Put the missing back, or remove the present and new ones are made at the next start.";
    }

    /// <summary>Loads the files, making them first if there are none.</summary>
    /// <param name="folder">Absolute; made with mode 0700 if it is absent.</param>
    /// <param name="hostName">A further name for the leaf, beside localhost.</param>
    /// <param name="time">The clock of the validity periods.</param>
    /// <exception cref="DevelopmentCertificateException">The set is incomplete, broken, or cannot be written.</exception>
    public static DevelopmentCertificates LoadOrMake(string folder, string hostName, TimeProvider time)
    {
        if (DescribeIncompleteSet(folder) is { } problem)
        {
            throw new DevelopmentCertificateException($"{char.ToUpperInvariant(problem[0])}{problem[1..]}");
        }
        var makes = !File.Exists(Path.Combine(folder, LeafFileName));
        try
        {
            if (makes)
            {
                Make(folder, hostName, time.GetUtcNow());
            }
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            throw new DevelopmentCertificateException(
                $"Cannot write development certificates in {folder}: {failed.Message} Set stateFolder to a folder that this user may write, or name certificates of your own.",
                failed
            );
        }
        return Load(folder, makes, time.GetUtcNow());
    }

    private static void Make(string folder, string hostName, DateTimeOffset now)
    {
        MakePrivateFolder(folder);
        var made = DevelopmentAuthority.Issue(hostName, now);
        // Keys first: a certificate without its key would be found useless only when it is loaded.
        WriteOnce(folder, AuthorityKeyFileName, made.AuthorityKeyPem, PrivateFile);
        WriteOnce(folder, LeafKeyFileName, made.LeafKeyPem, PrivateFile);
        WriteOnce(folder, AuthorityFileName, made.AuthorityPem, PublicFile);
        WriteOnce(folder, LeafFileName, made.LeafPem, PublicFile);
    }

    private static void MakePrivateFolder(string folder)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(folder);
            return;
        }
        Directory.CreateDirectory(folder, PrivateFolder);
    }

    /// <summary>A reader sees the whole file or none; a file that is there stays as it is (the move fails).</summary>
    private static void WriteOnce(string folder, string name, string text, UnixFileMode mode)
    {
        var temporary = Path.Combine(folder, $".{name}.{Guid.NewGuid():N}");
        try
        {
            FileStreamOptions options = new() { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows())
            {
                options.UnixCreateMode = mode;
            }
            using (StreamWriter writer = new(temporary, options))
            {
                writer.Write(text);
                writer.Flush();
                ((FileStream)writer.BaseStream).Flush(flushToDisk: true);
            }
            File.Move(temporary, Path.Combine(folder, name), overwrite: false);
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    private static DevelopmentCertificates Load(string folder, bool wereMade, DateTimeOffset now)
    {
        var leafFile = Path.Combine(folder, LeafFileName);
        var chainPem = Read(leafFile);
        var keyPem = Read(Path.Combine(folder, LeafKeyFileName));
        var chain = CertificateFiles.ParseChain(chainPem, out var problem);
        var key = chain is null ? null : CertificateFiles.ParsePublicKey(keyPem, out problem);
        if (chain is null || key is null)
        {
            throw Broken(folder, problem);
        }
        using X509Certificate2 leaf = chain[0];
        if (!CertificateFiles.Matches(leaf, key))
        {
            throw Broken(folder, $"whose {LeafKeyFileName} is not the key of {LeafFileName}");
        }
        var warning = CertificateFindings.Lifetimes([leaf], now).FirstOrDefault() is { } lifetime
            ? $"The development certificate is {leafFile}, {lifetime}. Remove {string.Join(", ", FileNames)} from {folder}, and new ones are made at the next start or reload."
            : null;
        return new DevelopmentCertificates(
            new TlsCertificate(leafFile, chainPem, keyPem),
            Path.Combine(folder, AuthorityFileName),
            wereMade,
            warning
        );
    }

    private static string Read(string file) =>
        CertificateFiles.ReadBytes(file, out var problem) is { } bytes
            ? System.Text.Encoding.UTF8.GetString(bytes)
            : throw Broken(Path.GetDirectoryName(file)!, problem);

    private static DevelopmentCertificateException Broken(string folder, string problem) =>
        new(
            $"The development certificates are in {folder}, {problem}. Remove {string.Join(", ", FileNames)} from it, and new ones are made."
        );
}
