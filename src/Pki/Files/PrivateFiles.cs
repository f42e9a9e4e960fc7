using System.Text;

namespace TlsGateway.Pki.Files;

/// <summary>Writes files that a reader sees whole or not at all: a temporary file beside the target, flushed to disk, then renamed.</summary>
public static class PrivateFiles
{
    /// <summary>A key, or another file of the user's alone: 0600.</summary>
    public const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>A certificate or revocation list: 0644.</summary>
    public const UnixFileMode Public = Private | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    /// <summary>Keys, certificates and lists of one authority; more is the wrong file. 16 MiB.</summary>
    public const int MaxFileBytes = 16 * 1024 * 1024;

    /// <summary>Makes the folder with mode 0700 if it is absent; one that is there stays as it is.</summary>
    /// <exception cref="PkiException">It cannot be made.</exception>
    public static void MakeFolder(string folder)
    {
        try
        {
            if (OperatingSystem.IsWindows())
            {
                Directory.CreateDirectory(folder);
                return;
            }
            Directory.CreateDirectory(folder, Private | UnixFileMode.UserExecute);
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            throw new PkiException($"Cannot make the folder {folder}: {failed.Message} Name one that this user may write.", failed);
        }
    }

    /// <summary>Writes text, replacing what is there.</summary>
    /// <exception cref="PkiException">It cannot be written.</exception>
    public static void Write(string file, string text, UnixFileMode mode) => Write(file, Encoding.UTF8.GetBytes(text), mode);

    /// <inheritdoc cref="Write(string, string, UnixFileMode)"/>
    public static void Write(string file, ReadOnlySpan<byte> bytes, UnixFileMode mode)
    {
        try
        {
            using var replacement = FileReplacement.Begin(file, mode);
            replacement.Content.Write(bytes);
            replacement.Commit();
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            throw new PkiException($"Cannot write {file}: {failed.Message} Check the folder's owner, mode and free space.", failed);
        }
    }

    /// <summary>Reads a whole file of at most <see cref="MaxFileBytes"/>.</summary>
    /// <exception cref="PkiException">It is absent, too large, or this user may not read it.</exception>
    public static byte[] Read(string file)
    {
        try
        {
            using FileStream stream = new(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            if (stream.Length > MaxFileBytes)
            {
                throw new PkiException(
                    $"{file} has {stream.Length} bytes; certificates, keys and lists have at most {MaxFileBytes}. Name another file."
                );
            }
            using MemoryStream copy = new();
            // A pipe has no length: what it gives is bounded too.
            var buffer = new byte[64 * 1024];
            for (var read = stream.Read(buffer); read > 0; read = stream.Read(buffer))
            {
                if (copy.Length + read > MaxFileBytes)
                {
                    throw new PkiException($"{file} has more than {MaxFileBytes} bytes. Name another file.");
                }
                copy.Write(buffer, 0, read);
            }
            return copy.ToArray();
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new PkiException(
                Directory.Exists(file) ? $"{file} is a folder. Name a file in it."
                    : failed is FileNotFoundException or DirectoryNotFoundException ? $"{file} does not exist. Check the path."
                    : $"Cannot read {file}: {failed.Message} Check its owner and mode.",
                failed
            );
        }
    }

    /// <inheritdoc cref="Read"/>
    public static string ReadText(string file) => Encoding.UTF8.GetString(Read(file));
}
