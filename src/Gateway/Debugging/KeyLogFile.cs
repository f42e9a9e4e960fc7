namespace TlsGateway.Gateway.Debugging;

/// <summary>
/// A key log in NSS's format, which Wireshark reads: with it, all recorded traffic of the connections in it can be decrypted. Appended to, made for its owner alone. Any thread.
/// </summary>
internal sealed class KeyLogFile : IDisposable
{
    private readonly Lock _lock = new();
    private readonly StreamWriter _writer;

    private KeyLogFile(string path, StreamWriter writer)
    {
        Path = path;
        _writer = writer;
    }

    public string Path { get; }

    /// <summary>Opens or makes the file.</summary>
    /// <exception cref="IOException">It cannot be written; says why and what to do.</exception>
    public static KeyLogFile Open(string path)
    {
        try
        {
            FileStreamOptions options = new()
            {
                Mode = FileMode.Append,
                Access = FileAccess.Write,
                // A tool that reads along may do so.
                Share = FileShare.ReadWrite,
            };
            if (!OperatingSystem.IsWindows())
            {
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            }
            StreamWriter writer = new(path, options) { AutoFlush = true };
            if (!OperatingSystem.IsWindows())
            {
                // One that was there before may have been made for others too.
                File.SetUnixFileMode(((FileStream)writer.BaseStream).SafeFileHandle, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            }
            return new KeyLogFile(path, writer);
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            throw new IOException(
                $"keyLogFile {path} cannot be written: {failed.Message} Take another path, or remove keyLogFile.",
                failed
            );
        }
    }

    public void Write(string line)
    {
        lock (_lock)
        {
            _writer.WriteLine(line);
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _writer.Dispose();
        }
    }
}
