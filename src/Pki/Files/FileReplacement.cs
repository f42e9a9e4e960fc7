namespace TlsGateway.Pki.Files;

/// <summary>A file in the making: <see cref="Content"/> goes to a temporary file beside the target, which <see cref="Commit"/> renames onto it. Without it nothing remains.</summary>
public sealed class FileReplacement : IDisposable
{
    private readonly string _target;
    private readonly string _temporary;
    private bool _isCommitted;

    private FileReplacement(string target, string temporary, FileStream content)
    {
        _target = target;
        _temporary = temporary;
        Content = content;
    }

    /// <summary>What the file will hold; may be read back before it is committed.</summary>
    public FileStream Content { get; }

    /// <summary>Begins one. The file has <paramref name="mode"/> from its first moment, so no secret is ever readable by others.</summary>
    /// <exception cref="IOException">The folder cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not.</exception>
    public static FileReplacement Begin(string target, UnixFileMode mode)
    {
        var full = Path.GetFullPath(target);
        if (Directory.Exists(full))
        {
            throw new IOException($"{target} is a folder.");
        }
        var temporary = Path.Combine(Path.GetDirectoryName(full)!, $".{Path.GetFileName(full)}.{Guid.NewGuid():N}");
        FileStreamOptions options = new() { Mode = FileMode.CreateNew, Access = FileAccess.ReadWrite };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = mode;
        }
        return new FileReplacement(full, temporary, new FileStream(temporary, options));
    }

    /// <summary>Flushes to disk and puts it in the target's place.</summary>
    /// <param name="overwrite">False: a target that is there stays, and this throws <see cref="IOException"/>.</param>
    public void Commit(bool overwrite = true)
    {
        Content.Flush(flushToDisk: true);
        Content.Dispose();
        File.Move(_temporary, _target, overwrite);
        _isCommitted = true;
    }

    public void Dispose()
    {
        Content.Dispose();
        if (!_isCommitted)
        {
            File.Delete(_temporary);
        }
    }
}
