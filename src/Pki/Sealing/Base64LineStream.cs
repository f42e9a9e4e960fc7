using System.Buffers.Text;

namespace TlsGateway.Pki.Sealing;

/// <summary>Writes what it gets as base64 in lines of 64 characters. Disposing it ends the last line; the stream below stays open.</summary>
internal sealed class Base64LineStream(Stream inner, string newLine) : Stream
{
    /// <summary>48 bytes make 64 characters, the length that RFC 7468 wants and RFC 2045 allows.</summary>
    private const int LineBytes = 48;

    private readonly byte[] _newLine = [.. newLine.Select(part => (byte)part)];
    private readonly byte[] _line = new byte[LineBytes];
    private readonly byte[] _text = new byte[64];
    private int _held;

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            var taken = Math.Min(LineBytes - _held, buffer.Length);
            buffer[..taken].CopyTo(_line.AsSpan(_held));
            _held += taken;
            buffer = buffer[taken..];
            if (_held == LineBytes)
            {
                WriteLine();
            }
        }
    }

    public override void WriteByte(byte value) => Write([value]);

    public override void Flush() => inner.Flush();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing && _held > 0)
        {
            WriteLine();
        }
        base.Dispose(disposing);
    }

    private void WriteLine()
    {
        Base64.EncodeToUtf8(_line.AsSpan(0, _held), _text, out _, out var written);
        inner.Write(_text, 0, written);
        inner.Write(_newLine);
        _held = 0;
    }
}
