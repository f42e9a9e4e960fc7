namespace TlsGateway.Tls.OpenSsl;

/// <summary>
/// Follows record boundaries (RFC 8446 §5.1: type, version, length, fragment) in one direction of the ciphertext, without buffering it. It trusts nothing: a wrong
/// length only moves the boundary that OpenSSL will refuse anyway.
/// </summary>
internal struct RecordTracker
{
    private const int HeaderLength = 5;

    private uint _lengthSoFar;
    private int _headerBytes;
    private int _fragmentLeft;

    /// <summary>Content type of the record in progress, or of the last one.</summary>
    public byte ContentType { get; private set; }

    /// <summary>No record is partly passed.</summary>
    public readonly bool AtBoundary => _headerBytes == 0 && _fragmentLeft == 0;

    /// <summary>Passes <paramref name="bytes"/>; returns how many record headers were completed.</summary>
    public int Advance(ReadOnlySpan<byte> bytes)
    {
        int headers = 0;
        while (!bytes.IsEmpty)
        {
            int fragment = Math.Min(_fragmentLeft, bytes.Length);
            _fragmentLeft -= fragment;
            bytes = bytes[fragment..];
            if (bytes.IsEmpty)
            {
                break;
            }
            TakeHeaderByte(bytes[0]);
            bytes = bytes[1..];
            headers += _headerBytes == 0 ? 1 : 0;
        }
        return headers;
    }

    private void TakeHeaderByte(byte value)
    {
        if (_headerBytes == 0)
        {
            ContentType = value;
            _lengthSoFar = 0;
        }
        else if (_headerBytes >= 3)
        {
            _lengthSoFar = (_lengthSoFar << 8) | value;
        }
        if (++_headerBytes == HeaderLength)
        {
            _headerBytes = 0;
            _fragmentLeft = (int)_lengthSoFar;
        }
    }
}
