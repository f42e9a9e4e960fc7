using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using TlsGateway.Actors;
using TlsGateway.Actors.Settings;
using TlsGateway.Interop.Tests.Support;
using TlsGateway.Tls;

namespace TlsGateway.Interop.Tests.BadInput;

/// <summary>What tests of misbehaving clients share: each ends with its own reason, gives back all it took, and nobody else notices.</summary>
public abstract class MisbehaviourTests : IDisposable
{
    protected const byte AlertRecord = 21;
    protected const byte HandshakeRecord = 22;
    protected const byte ApplicationDataRecord = 23;

    private protected TestCertificates Certificates { get; } = new();

    public void Dispose()
    {
        Certificates.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Half a second: more than a handshake takes on a busy machine, little enough for a test to wait.</summary>
    protected static ListenerSettings ShortHandshake(ListenerSettings listener) =>
        listener with
        {
            HandshakeTimeout = TimeSpan.FromMilliseconds(500),
        };

    /// <summary>
    /// The gateway serves a good client on one listener; another client does <paramref name="misbehave"/> on a second one and its connection ends with
    /// <paramref name="reason"/>, alone; the good client is still served, and ends well.
    /// </summary>
    protected async Task EndsAsync(
        CloseReason reason,
        Action<IPEndPoint> misbehave,
        Func<ListenerSettings, ListenerSettings>? configure = null
    )
    {
        await using var upstream = TestUpstream.Echo();
        var good = RunningGateway.Listener(Certificates.Localhost, upstream.EndPoint);
        var bad = (configure?.Invoke(good) ?? good) with { Name = "bad" };
        await using var gateway = await RunningGateway.StartAsync([good, bad]);
        using var bystander = EngineClient.Open(gateway.Host.Listeners[0].EndPoint);
        bystander.AssertEchoes("before");

        misbehave(gateway.Host.Listeners[1].EndPoint);
        await gateway.UntilClosedAsync(reason);
        Assert.Equal(1, Enum.GetValues<CloseReason>().Sum(gateway.Closed));

        bystander.AssertEchoes("after");
        bystander.CloseCleanly();
        await gateway.UntilClosedAsync(CloseReason.Completed, reason == CloseReason.Completed ? 2 : 1);
    }

    protected static void SendAll(Socket socket, ReadOnlySpan<byte> data)
    {
        while (!data.IsEmpty)
            data = data[socket.Send(data)..];
    }

    /// <summary>What comes until the end; a reset is one, as closing over unread bytes makes it.</summary>
    protected static byte[] ReceiveToEnd(Socket socket)
    {
        var all = new List<byte>();
        var buffer = new byte[4096];
        while (true)
        {
            var received = socket.Receive(buffer, SocketFlags.None, out var error);
            Assert.True(error is SocketError.Success or SocketError.ConnectionReset, $"{error}");
            if (received <= 0)
                return [.. all];
            all.AddRange(buffer.AsSpan(0, received));
        }
    }
}
