using System.Net;
using System.Net.Sockets;

namespace TlsGateway.Transport.Tests;

/// <summary>Sockets that are connected again: which are, and that nothing of one connection is seen by the next.</summary>
public sealed class UsedSocketsTests : IDisposable
{
    private const int ECONNREFUSED = 111;

    private readonly TestLoop _test = new();
    private readonly Socket _listener = Listen(IPAddress.Loopback);

    public void Dispose()
    {
        _listener.Dispose();
        _test.Dispose();
        Assert.Empty(_test.Unhandled);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void One_that_ended_in_order_is_connected_again(bool peerFirst)
    {
        (SocketHandle first, Socket firstPeer) = Open(_listener);
        int fd = first.Fd;
        AssertTalk(first, firstPeer);
        End(first, firstPeer, peerFirst);
        Assert.Equal(0, _test.Loop.Counters.OpenSockets);

        using Socket elsewhere = Listen(IPAddress.Loopback);
        (SocketHandle second, Socket secondPeer) = Open(elsewhere);

        Assert.Equal(fd, second.Fd);
        Assert.Equal(1, _test.Loop.Counters.ReusedSockets);
        Assert.Equal(1, _test.Loop.Counters.OpenSockets);
        Assert.False(second.PeerHasShutDown);
        Assert.False(second.HasError);
        AssertTalk(second, secondPeer);
        Assert.True(Kernel.HasNoDelay(second.Fd));
        // Whoever still has the first one does nothing to the second.
        _test.Run(() =>
        {
            Assert.Equal(IoStatus.Error, first.Send("x"u8).Status);
            first.ShutdownWrite();
            first.Close();
        });
        AssertTalk(second, secondPeer);
        End(second, secondPeer, peerFirst);
        firstPeer.Dispose();
        secondPeer.Dispose();
    }

    [Fact]
    public void A_thousand_one_after_the_other_need_one_socket()
    {
        int descriptors = Kernel.CountDescriptors();
        for (int i = 0; i < 1000; i++)
        {
            (SocketHandle handle, Socket peer) = Open(_listener);
            AssertTalk(handle, peer);
            End(handle, peer, peerFirst: false);
            peer.Dispose();
        }
        Assert.Equal(999, _test.Loop.Counters.ReusedSockets);
        Assert.Equal(descriptors + 1, Kernel.CountDescriptors());
        _test.Loop.Dispose();
        Assert.True(Kernel.CountDescriptors() < descriptors);
        Assert.Equal((0, 0), (_test.Loop.Counters.OpenSockets, _test.Loop.Counters.KeptSockets));
    }

    [Fact]
    public void No_more_than_a_few_are_kept()
    {
        int descriptors = Kernel.CountDescriptors();
        (SocketHandle Handle, Socket Peer)[] open = [.. Enumerable.Range(0, 40).Select(_ => Open(_listener))];
        foreach ((SocketHandle handle, Socket peer) in open)
        {
            End(handle, peer, peerFirst: false);
            peer.Dispose();
        }
        Assert.Equal(descriptors + UsedSockets.MaxPerFamily, Kernel.CountDescriptors());
        Assert.Equal(UsedSockets.MaxPerFamily, _test.Loop.Counters.KeptSockets);
        Assert.Equal(0, _test.Loop.Counters.OpenSockets);
    }

    /// <summary>What was not said to its end, or is not acknowledged, is the kernel's to finish; and options are not undone.</summary>
    [Fact]
    public void Others_are_closed()
    {
        Action<SocketHandle, Socket>[] ends =
        [
            // Neither side has ended.
            (handle, _) => _test.Run(handle.Close),
            // The peer has not.
            (handle, _) =>
                _test.Run(() =>
                {
                    handle.ShutdownWrite();
                    handle.Close();
                }),
            // This side has not.
            (handle, peer) =>
            {
                peer.Shutdown(SocketShutdown.Send);
                ReadToEnd(handle);
                _test.Run(handle.Close);
            },
            // The peer's end has come and was not read.
            (handle, peer) =>
            {
                peer.Send("unread"u8);
                peer.Shutdown(SocketShutdown.Send);
                _test.AwaitReadable(handle);
                _test.Run(() =>
                {
                    handle.ShutdownWrite();
                    handle.Close();
                });
            },
            (handle, peer) =>
            {
                _test.Run(() => handle.WatchPeer(TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(10)));
                End(handle, peer, peerFirst: false);
            },
            (handle, peer) =>
            {
                _test.Run(handle.ResetOnClose);
                End(handle, peer, peerFirst: false);
            },
        ];
        for (int i = 0; i < ends.Length; i++)
        {
            (SocketHandle handle, Socket peer) = Open(_listener);
            ends[i](handle, peer);
            peer.Dispose();
            (SocketHandle next, Socket nextPeer) = Open(_listener);
            Assert.True(_test.Loop.Counters.ReusedSockets == 0, $"case {i}");
            _test.Run(next.Close);
            nextPeer.Dispose();
        }
    }

    [Fact]
    public void Bytes_that_the_peer_does_not_take_are_not_lost()
    {
        using Socket small = Listen(IPAddress.Loopback);
        small.ReceiveBufferSize = 4096;
        (SocketHandle handle, Socket peer) = Open(small);
        peer.Shutdown(SocketShutdown.Send);
        ReadToEnd(handle);
        long sent = 0;
        _test.Run(() =>
        {
            byte[] chunk = new byte[16 * 1024];
            IoResult result;
            while ((result = handle.Send(chunk)).Status == IoStatus.Ok)
                sent += result.Bytes;
            handle.ShutdownWrite();
            handle.Close();
        });

        (SocketHandle next, Socket nextPeer) = Open(_listener);
        Assert.Equal(0, _test.Loop.Counters.ReusedSockets);
        long received = 0;
        byte[] buffer = new byte[64 * 1024];
        for (int count; (count = peer.Receive(buffer)) > 0; )
            received += count;
        Assert.Equal(sent, received);
        _test.Run(next.Close);
        nextPeer.Dispose();
        peer.Dispose();
    }

    [Fact]
    public void A_refusal_shows_on_one_that_is_connected_again_and_ends_it()
    {
        (SocketHandle first, Socket peer) = Open(_listener);
        End(first, peer, peerFirst: false);
        peer.Dispose();
        InetEndPoint nobody;
        using (Socket gone = Listen(IPAddress.Loopback))
            nobody = InetEndPoint.From((IPEndPoint)gone.LocalEndPoint!);

        SocketHandle refused = _test.Run(() => _test.Loop.Connect(nobody, owner: null)!);
        Assert.Equal(1, _test.Loop.Counters.ReusedSockets);
        _test.AwaitWritable(refused);
        Assert.True(refused.HasError);
        Assert.Equal(ECONNREFUSED, _test.Run(refused.TakeSocketError));
        _test.Run(refused.Close);

        (SocketHandle next, Socket nextPeer) = Open(_listener);
        Assert.Equal(1, _test.Loop.Counters.ReusedSockets);
        AssertTalk(next, nextPeer);
        _test.Run(next.Close);
        nextPeer.Dispose();
    }

    [Fact]
    public void Each_family_has_its_own()
    {
        (SocketHandle four, Socket peer) = Open(_listener);
        End(four, peer, peerFirst: false);
        peer.Dispose();
        using Socket six = Listen(IPAddress.IPv6Loopback);

        (SocketHandle first, Socket firstPeer) = Open(six);
        Assert.Equal(0, _test.Loop.Counters.ReusedSockets);
        End(first, firstPeer, peerFirst: false);
        (SocketHandle second, Socket secondPeer) = Open(six);
        Assert.Equal(1, _test.Loop.Counters.ReusedSockets);
        AssertTalk(second, secondPeer);
        End(second, secondPeer, peerFirst: false);
        firstPeer.Dispose();
        secondPeer.Dispose();
    }

    private static Socket Listen(IPAddress address)
    {
        Socket listener = new(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(address, 0));
        listener.Listen();
        return listener;
    }

    private (SocketHandle Handle, Socket Peer) Open(Socket listener)
    {
        InetEndPoint remote = InetEndPoint.From((IPEndPoint)listener.LocalEndPoint!);
        SocketHandle handle = _test.Run(() => _test.Loop.Connect(remote, owner: null)!);
        _test.AwaitWritable(handle);
        Assert.Equal(0, _test.Run(handle.TakeSocketError));
        Socket peer = listener.Accept();
        peer.ReceiveTimeout = (int)TestLoop.Patience.TotalMilliseconds;
        return (handle, peer);
    }

    private void AssertTalk(SocketHandle handle, Socket peer)
    {
        byte[] buffer = new byte[16];
        Assert.Equal(4, _test.Run(() => handle.Send("ping"u8).Bytes));
        Assert.Equal(4, peer.Receive(buffer));
        Assert.Equal("ping"u8, buffer[..4]);
        peer.Send("pong"u8);
        _test.AwaitReadable(handle);
        Assert.Equal(4, _test.Run(() => handle.Receive(buffer).Bytes));
        Assert.Equal("pong"u8, buffer[..4]);
    }

    private void End(SocketHandle handle, Socket peer, bool peerFirst)
    {
        if (peerFirst)
        {
            peer.Shutdown(SocketShutdown.Send);
            ReadToEnd(handle);
            _test.Run(handle.ShutdownWrite);
            Assert.Equal(0, peer.Receive(new byte[1]));
        }
        else
        {
            _test.Run(handle.ShutdownWrite);
            Assert.Equal(0, peer.Receive(new byte[1]));
            peer.Shutdown(SocketShutdown.Send);
            ReadToEnd(handle);
        }
        _test.Run(handle.Close);
        Assert.Equal(-1, handle.Fd);
    }

    private void ReadToEnd(SocketHandle handle)
    {
        byte[] buffer = new byte[1024];
        IoStatus status;
        do
        {
            _test.AwaitReadable(handle);
            status = _test.Run(() => handle.Receive(buffer).Status);
        } while (status is IoStatus.Ok or IoStatus.WouldBlock);
        Assert.Equal(IoStatus.Eof, status);
    }
}
