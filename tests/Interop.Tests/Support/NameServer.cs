using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace TlsGateway.Interop.Tests.Support;

/// <summary>A name server on loopback (RFC 1035 over UDP) that says what the test wants, and may change its mind.</summary>
internal sealed class NameServer : IAsyncDisposable
{
    private const ushort TypeA = 1;

    private readonly UdpClient _socket = new(new IPEndPoint(IPAddress.Loopback, 0));
    private readonly ConcurrentDictionary<string, (IPAddress[] Addresses, int Seconds)> _answers = new(StringComparer.OrdinalIgnoreCase);
    private readonly Task _serving;
    private long _asked;

    public NameServer() => _serving = ServeAsync();

    public IPEndPoint EndPoint => (IPEndPoint)_socket.Client.LocalEndPoint!;

    /// <summary>Questions for IPv4 addresses so far.</summary>
    public long Asked => Volatile.Read(ref _asked);

    /// <summary>Says nothing at all.</summary>
    public bool IsSilent { get; set; }

    /// <summary>What a name stands for from now on, and for how many seconds; nothing: the name exists and has no address.</summary>
    public void Answer(string host, int seconds, params IPAddress[] addresses) => _answers[host] = (addresses, seconds);

    public async ValueTask DisposeAsync()
    {
        _socket.Dispose();
        await _serving;
    }

    private async Task ServeAsync()
    {
        try
        {
            while (true)
            {
                var question = await _socket.ReceiveAsync();
                if (!IsSilent)
                    await _socket.SendAsync(AnswerTo(question.Buffer), question.RemoteEndPoint);
            }
        }
        catch (Exception e) when (e is ObjectDisposedException or SocketException)
        {
            // stopped
        }
    }

    private byte[] AnswerTo(byte[] question)
    {
        const int HeaderBytes = 12;
        var labels = new List<string>();
        var at = HeaderBytes;
        while (question[at] != 0)
        {
            labels.Add(Encoding.ASCII.GetString(question, at + 1, question[at]));
            at += question[at] + 1;
        }

        var type = BinaryPrimitives.ReadUInt16BigEndian(question.AsSpan(at + 1));
        var questionEnd = at + 5;
        if (type == TypeA)
            Interlocked.Increment(ref _asked);
        var known = _answers.TryGetValue(string.Join('.', labels), out var answer);
        var addresses = known && type == TypeA ? answer.Addresses : [];
        var reply = new List<byte>(question[..questionEnd]);
        // A response, recursion available; NXDOMAIN for a name that is not known.
        reply[2] = 0x81;
        reply[3] = (byte)(known ? 0x80 : 0x83);
        (reply[6], reply[7]) = (0, (byte)addresses.Length);
        (reply[8], reply[9], reply[10], reply[11]) = (0, 0, 0, 0);
        foreach (var address in addresses)
        {
            // The name by a pointer to the question's, class IN.
            reply.AddRange([0xc0, HeaderBytes, 0, (byte)TypeA, 0, 1]);
            var seconds = new byte[4];
            BinaryPrimitives.WriteInt32BigEndian(seconds, answer.Seconds);
            reply.AddRange(seconds);
            reply.AddRange([0, 4]);
            reply.AddRange(address.GetAddressBytes());
        }

        return [.. reply];
    }
}
