namespace TlsGateway.Tls.Tests;

/// <summary>Two ends of a transport that holds nothing: a write returns when the other end has read all of it. Whoever does not read blocks who writes to it.</summary>
internal sealed class RendezvousPipe : Stream
{
    private readonly Channel _in;
    private readonly Channel _out;

    private RendezvousPipe(Channel @in, Channel @out)
    {
        _in = @in;
        _out = @out;
    }

    public static (Stream One, Stream Other) Create()
    {
        Channel there = new();
        Channel back = new();
        return (new RendezvousPipe(back, there), new RendezvousPipe(there, back));
    }

    public override bool CanRead => true;
    public override bool CanWrite => true;
    public override bool CanSeek => false;
    public override long Length => throw new NotSupportedException();
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override int Read(byte[] buffer, int offset, int count) => _in.Take(buffer.AsSpan(offset, count));

    public override void Write(byte[] buffer, int offset, int count) => _out.Put(buffer.AsSpan(offset, count));

    public override void Flush() { }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        _in.Close();
        _out.Close();
        base.Dispose(disposing);
    }

    private sealed class Channel
    {
        private readonly object _gate = new();
        private readonly Queue<byte> _bytes = new();
        private bool _isClosed;

        public void Put(ReadOnlySpan<byte> bytes)
        {
            lock (_gate)
            {
                foreach (byte each in bytes)
                {
                    _bytes.Enqueue(each);
                }
                Monitor.PulseAll(_gate);
                while (_bytes.Count > 0 && !_isClosed)
                {
                    Monitor.Wait(_gate);
                }
                if (_isClosed)
                {
                    throw new IOException("closed");
                }
            }
        }

        public int Take(Span<byte> destination)
        {
            lock (_gate)
            {
                while (_bytes.Count == 0 && !_isClosed)
                {
                    Monitor.Wait(_gate);
                }
                int count = Math.Min(destination.Length, _bytes.Count);
                for (int i = 0; i < count; i++)
                {
                    destination[i] = _bytes.Dequeue();
                }
                Monitor.PulseAll(_gate);
                return count;
            }
        }

        public void Close()
        {
            lock (_gate)
            {
                _isClosed = true;
                Monitor.PulseAll(_gate);
            }
        }
    }
}
