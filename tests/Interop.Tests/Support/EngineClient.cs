using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using TlsGateway.Tls;
using TlsGateway.Tls.OpenSsl;

namespace TlsGateway.Interop.Tests.Support;

/// <summary>
/// The project's own engine in the client role over a socket, for what SslStream does not show: which side ended, and whether cleanly. One call at a time.
/// </summary>
internal sealed class EngineClient : IDisposable
{
    private readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly OpenSslContext _context;
    private readonly ITlsSession _session;

    private EngineClient(TlsClientSettings settings)
    {
        _context = OpenSslContext.CreateClient(settings);
        _session = _context.CreateSession(new HeapPool());
    }

    public TlsSessionInfo Info => _session.DescribeSession();

    public static async Task<EngineClient> ConnectAsync(IPEndPoint gateway, TestCertificates certificates, TlsVersion version)
    {
        var client = new EngineClient(
            new TlsClientSettings
            {
                TrustedAuthoritiesPem = certificates.Authority.ExportCertificatePem(),
                ServerName = "localhost",
                MinimumVersion = version,
                MaximumVersion = version,
            }
        );
        try
        {
            await client._socket.ConnectAsync(gateway);
            await client.DriveAsync(client._session.Handshake);
            return client;
        }
        catch
        {
            client.Dispose();
            throw;
        }
    }

    public async Task WriteAsync(ReadOnlyMemory<byte> data)
    {
        await DriveAsync(() =>
        {
            var status = _session.Write(data.Span, out var written);
            data = data[written..];
            return status;
        });
        await FlushAsync();
    }

    public Task WriteAsync(string text) => WriteAsync(Encoding.UTF8.GetBytes(text));

    /// <summary>Up to a buffer of plaintext; 0 after the gateway's close_notify. Fails the test when the connection ended without one.</summary>
    public async ValueTask<int> ReadAsync(Memory<byte> destination)
    {
        var (read, failure) = await TryReadAsync(destination);
        Assert.True(failure.Kind == TlsFailureKind.None, $"the gateway ended with {failure}");
        return read;
    }

    /// <summary>Reads exactly this text.</summary>
    public async Task ExpectAsync(string text)
    {
        var received = new byte[Encoding.UTF8.GetByteCount(text)];
        for (var filled = 0; filled < received.Length; )
        {
            var read = await ReadAsync(received.AsMemory(filled));
            Assert.True(read > 0, $"close_notify came after {filled} of {received.Length} bytes");
            filled += read;
        }

        Assert.Equal(text, Encoding.UTF8.GetString(received));
    }

    /// <summary>Reads the gateway's close_notify with nothing before it.</summary>
    public async Task ExpectCloseAsync() => Assert.Equal(0, await ReadAsync(new byte[1]));

    /// <summary>Reads, nothing being left to come, how the session failed.</summary>
    public async Task<TlsFailure> ReadFailureAsync()
    {
        var (read, failure) = await TryReadAsync(new byte[1]);
        Assert.Equal(0, read);
        Assert.NotEqual(TlsFailureKind.None, failure.Kind);
        return failure;
    }

    /// <summary>Sends close_notify: this side sends no more. The TCP connection stays open both ways.</summary>
    public async Task ShutdownAsync()
    {
        await DriveAsync(_session.Shutdown);
        await FlushAsync();
    }

    public void Dispose()
    {
        _session.Dispose();
        _context.Dispose();
        _socket.Dispose();
    }

    private async Task<(int Read, TlsFailure Failure)> TryReadAsync(Memory<byte> destination)
    {
        while (true)
        {
            var status = _session.Read(destination.Span, out var read);
            await FlushAsync();
            if (read > 0 || status == TlsStatus.Closed)
                return (read, TlsFailure.None);
            if (status == TlsStatus.Error)
                return (0, _session.Failure);
            if (status == TlsStatus.WantRead)
                await FillAsync();
        }
    }

    private async Task DriveAsync(Func<TlsStatus> call)
    {
        while (true)
        {
            var status = call();
            await FlushAsync();
            switch (status)
            {
                case TlsStatus.Done:
                    return;
                case TlsStatus.WantRead:
                    await FillAsync();
                    break;
                case TlsStatus.WantWrite:
                    break;
                default:
                    Assert.Fail($"{status}: {_session.Failure}");
                    return;
            }
        }
    }

    private async Task FlushAsync()
    {
        while (!_session.TxPending.IsEmpty)
            _session.TxConsume(await _socket.SendAsync(_session.TxPending.ToArray()).WaitAsync(RunningGateway.Patience));
    }

    private async Task FillAsync()
    {
        var buffer = new byte[64 * 1024];
        var received = await _socket
            .ReceiveAsync(buffer.AsMemory(0, Math.Min(buffer.Length, _session.RxFree.Length)))
            .AsTask()
            .WaitAsync(RunningGateway.Patience);
        if (received == 0)
            _session.RxEof();
        buffer.AsSpan(0, received).CopyTo(_session.RxFree);
        _session.RxCommit(received);
    }

    private sealed unsafe class HeapPool : ITlsBufferPool
    {
        public byte* Rent(int minimumBytes, out int capacity)
        {
            capacity = minimumBytes;
            return (byte*)NativeMemory.Alloc((nuint)minimumBytes);
        }

        public void Return(byte* memory, int capacity) => NativeMemory.Free(memory);
    }
}
