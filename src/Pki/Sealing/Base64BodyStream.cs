namespace TlsGateway.Pki.Sealing;

/// <summary>Reads base64 as bytes, whatever its lines, up to padding, a '-' (END line or MIME boundary) or the end. Other characters are an error.</summary>
internal sealed class Base64BodyStream(Stream inner) : Stream
{
    private readonly byte[] _input = new byte[16 * 1024];
    private int _at;
    private int _filled;
    private int _bits;
    private int _bitCount;
    private bool _isOver;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer)
    {
        var written = 0;
        while (written < buffer.Length && !_isOver)
        {
            if (NextCharacter() is not { } value)
            {
                _isOver = true;
                break;
            }
            _bits = (_bits << 6) | value;
            _bitCount += 6;
            if (_bitCount >= 8)
            {
                _bitCount -= 8;
                buffer[written++] = (byte)(_bits >> _bitCount);
                _bits &= (1 << _bitCount) - 1;
            }
        }
        return written;
    }

    public override void Flush() { }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <summary>The six bits of the next character; null at the end.</summary>
    private int? NextCharacter()
    {
        while (true)
        {
            if (_at == _filled)
            {
                _filled = inner.Read(_input);
                _at = 0;
                if (_filled == 0)
                {
                    return null;
                }
            }
            var character = _input[_at++];
            switch (character)
            {
                case >= (byte)'A' and <= (byte)'Z':
                    return character - 'A';
                case >= (byte)'a' and <= (byte)'z':
                    return character - 'a' + 26;
                case >= (byte)'0' and <= (byte)'9':
                    return character - '0' + 52;
                case (byte)'+':
                    return 62;
                case (byte)'/':
                    return 63;
                case (byte)'\r' or (byte)'\n' or (byte)' ' or (byte)'\t':
                    continue;
                case (byte)'=' or (byte)'-':
                    return null;
                default:
                    throw new InvalidDataException("a character that is not base64");
            }
        }
    }
}
