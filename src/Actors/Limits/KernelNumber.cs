using System.Buffers.Text;
using Microsoft.Win32.SafeHandles;

namespace TlsGateway.Actors.Limits;

/// <summary>A number in a file that the kernel writes anew for each reader; the file stays open, since it is looked at several times a second.</summary>
/// <param name="file">Its path; a number stands within its first 128 bytes.</param>
/// <param name="position">Of the words in it, from 0.</param>
internal sealed class KernelNumber(string file, int position) : IDisposable
{
    private SafeFileHandle? _open;

    /// <summary>False: there is no such file, or no such number.</summary>
    public bool TryRead(out long value)
    {
        value = 0;
        Span<byte> text = stackalloc byte[128];
        try
        {
            _open ??= File.OpenHandle(file);
            var read = text[..RandomAccess.Read(_open, text, 0)];
            for (var skip = position; skip > 0; skip--)
                read = read[(read.IndexOf((byte)' ') + 1)..];
            return Utf8Parser.TryParse(read, out value, out _);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The next look opens it anew.
            Dispose();
            return false;
        }
    }

    /// <summary>Closes the file, which another look would open again.</summary>
    public void Dispose()
    {
        _open?.Dispose();
        _open = null;
    }
}
