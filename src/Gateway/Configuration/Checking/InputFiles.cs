using TlsGateway.Gateway.Files;

namespace TlsGateway.Gateway.Configuration.Checking;

/// <summary>Reads the files that a configuration names, says what is wrong with them, and keeps what they looked like, so that a later change is seen.</summary>
internal sealed class InputFiles(ConfigurationProblems problems, string configurationFile)
{
    private readonly string _folder = Path.GetDirectoryName(configurationFile)!;
    private readonly Dictionary<string, FileState> _seen = new(StringComparer.Ordinal);

    /// <summary>Every file that was asked for, by its absolute path, as it was before it was read.</summary>
    public IReadOnlyDictionary<string, FileState> Seen => _seen;

    /// <summary>The file's text; null when it cannot be had, which is then among the problems.</summary>
    /// <param name="path">Relative to the folder of the configuration file.</param>
    /// <param name="position">Where the path stands.</param>
    /// <param name="shown">Such as "listeners[0].tls.certificates[0].key is 'path'".</param>
    /// <param name="maxBytes">A larger one is not taken.</param>
    public string? ReadText(string path, SourcePosition position, string shown, int maxBytes = CertificateFiles.MaxFileBytes) =>
        ReadBytes(path, position, shown, maxBytes) is { } bytes ? System.Text.Encoding.UTF8.GetString(bytes) : null;

    /// <inheritdoc cref="ReadText"/>
    public byte[]? ReadBytes(string path, SourcePosition position, string shown, int maxBytes = CertificateFiles.MaxFileBytes)
    {
        if (path.Contains("-----BEGIN", StringComparison.Ordinal))
        {
            problems.Error(position, $"{shown.Split('\n')[0]}…, which is PEM text itself. Write the path of a file that holds it.");
            return null;
        }
        var full = Path.GetFullPath(path, _folder);
        _seen.TryAdd(full, FileState.Of(full));
        if (CertificateFiles.ReadBytes(full, out var problem, maxBytes) is { } bytes)
        {
            return bytes;
        }
        problems.Error(position, $"{shown}, {problem}. Paths are relative to the folder of the configuration file.");
        return null;
    }
}
