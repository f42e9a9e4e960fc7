using System.Security.Cryptography;
using TlsGateway.Tls.Tickets;

namespace TlsGateway.Gateway.Tickets;

/// <summary>Reads ticket keys: 80 bytes each, newest first, raw as nginx has them or in base64, one a line.</summary>
internal static class TicketKeyFile
{
    /// <summary>Eight keys in base64 are under 900 bytes.</summary>
    private const int MaxFileBytes = 4096;

    /// <summary>Null with a problem, which completes "ticketKeys.file is 'path', …". Nothing of the content is in it.</summary>
    public static IReadOnlyList<TicketKey>? Read(string path, out string problem)
    {
        if (ReadBytes(path, out problem) is not { } bytes)
        {
            return null;
        }
        try
        {
            return Parse(bytes, out problem);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bytes);
        }
    }

    /// <summary>Who else may read the file, for a warning; null: nobody.</summary>
    public static string? DescribeExposure(string path)
    {
        const UnixFileMode Others = UnixFileMode.GroupRead | UnixFileMode.OtherRead;
        if (OperatingSystem.IsWindows())
        {
            return null;
        }
        try
        {
            var mode = File.GetUnixFileMode(path) & Others;
            return mode == 0
                ? null
                : "which others on this machine may read; whoever has a key can resume sessions sealed with it: chmod 600";
        }
        catch (IOException)
        {
            return null;
        }
    }

    private static byte[]? ReadBytes(string path, out string problem)
    {
        problem = "";
        try
        {
            FileInfo file = new(path);
            if (file.Length > MaxFileBytes)
            {
                problem = $"which has {file.Length} bytes; {TicketKeyRing.MaxKeys} keys of {TicketKey.WholeBytes} bytes are the most";
                return null;
            }
            return File.ReadAllBytes(path);
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            problem = failed switch
            {
                FileNotFoundException or DirectoryNotFoundException => $"which does not exist ({path})",
                UnauthorizedAccessException => $"which this user may not read ({path})",
                _ => $"which cannot be read ({failed.Message})",
            };
            return null;
        }
    }

    private static List<TicketKey>? Parse(byte[] bytes, out string problem)
    {
        problem = "";
        List<TicketKey> keys = [];
        if (Array.TrueForAll(bytes, static b => b is >= 0x20 and < 0x7f or (byte)'\n' or (byte)'\r' or (byte)'\t'))
        {
            if (!TryParseLines(bytes, keys))
            {
                problem =
                    $"which has a line that is not {TicketKey.WholeBytes} bytes in base64. Make one: openssl rand -base64 80 | tr -d '\\n'";
                return null;
            }
        }
        else if (bytes.Length % TicketKey.WholeBytes != 0)
        {
            problem = $"which has {bytes.Length} bytes, not a multiple of {TicketKey.WholeBytes}. Make one: openssl rand 80";
            return null;
        }
        else
        {
            for (var at = 0; at < bytes.Length; at += TicketKey.WholeBytes)
            {
                keys.Add(TicketKey.From(bytes.AsSpan(at, TicketKey.WholeBytes)));
            }
        }
        if (keys.Count is 0 or > TicketKeyRing.MaxKeys)
        {
            problem = $"which holds {keys.Count} keys; 1 to {TicketKeyRing.MaxKeys} are wanted";
            return null;
        }
        return keys;
    }

    private static bool TryParseLines(ReadOnlySpan<byte> text, List<TicketKey> keys)
    {
        Span<byte> key = stackalloc byte[TicketKey.WholeBytes];
        try
        {
            foreach (var range in text.Split((byte)'\n'))
            {
                var line = text[range].Trim(" \r\t"u8);
                if (line.IsEmpty)
                {
                    continue;
                }
                if (
                    System.Buffers.Text.Base64.DecodeFromUtf8(line, key, out var consumed, out var written)
                        != System.Buffers.OperationStatus.Done
                    || consumed != line.Length
                    || written != TicketKey.WholeBytes
                )
                {
                    return false;
                }
                keys.Add(TicketKey.From(key));
            }
            return true;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }
}
