namespace TlsGateway.Gateway.AccessLogs;

/// <summary>
/// A file that lines are appended to. At a size it is put aside as NAME.1, the one before as NAME.2, and so on; a file that others have moved away (logrotate) or deleted is made anew. One thread at a time.
/// </summary>
/// <param name="path">Absolute.</param>
/// <param name="rotateAt">Bytes; 0: never.</param>
/// <param name="keep">Files put aside that are kept, 1 or more.</param>
internal sealed class RotatedFile(string path, long rotateAt, int keep) : IDisposable
{
    /// <summary>Others than owner and group have no business with who connected.</summary>
    private const UnixFileMode Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead;

    private FileStream? _file;

    /// <summary>Appends whole lines, and gives them to the system.</summary>
    /// <exception cref="IOException">The disk is full, the folder is gone; the lines are lost.</exception>
    /// <exception cref="UnauthorizedAccessException">As above.</exception>
    public void Append(ReadOnlySpan<byte> lines)
    {
        try
        {
            if (_file is not null && !IsStillThere(_file))
            {
                Close();
            }
            _file ??= Open();
            if (rotateAt > 0 && _file.Length > 0 && _file.Length + lines.Length > rotateAt)
            {
                Rotate();
            }
            _file!.Write(lines);
            _file.Flush();
        }
        catch
        {
            Close();
            throw;
        }
    }

    public void Dispose() => Close();

    /// <summary>At this path, and neither cut (copytruncate) nor written to by others.</summary>
    private bool IsStillThere(FileStream file) =>
        file.Length == file.Position && new FileInfo(path) is { Exists: true } there && there.Length == file.Length;

    private FileStream Open()
    {
        FileStreamOptions options = new()
        {
            Mode = FileMode.Append,
            Access = FileAccess.Write,
            Share = FileShare.ReadWrite | FileShare.Delete,
        };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = Mode;
        }
        return new FileStream(path, options);
    }

    private void Rotate()
    {
        Close();
        File.Delete($"{path}.{keep}");
        for (var number = keep - 1; number > 0; number--)
        {
            if (File.Exists($"{path}.{number}"))
            {
                File.Move($"{path}.{number}", $"{path}.{number + 1}");
            }
        }
        File.Move(path, $"{path}.1");
        _file = Open();
    }

    private void Close()
    {
        _file?.Dispose();
        _file = null;
    }
}
