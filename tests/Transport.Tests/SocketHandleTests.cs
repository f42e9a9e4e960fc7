using System.Net;
using System.Net.Sockets;

namespace TlsGateway.Transport.Tests;

public sealed class SocketHandleTests : IDisposable
{
    private const int ECONNREFUSED = 111;
    private const int EBADF = 9;

    private readonly TestLoop _test = new();

    public void Dispose()
    {
        _test.Dispose();
        Assert.Empty(_test.Unhandled);
    }

    [Fact]
    public void A_short_receive_uses_the_edge_up()
    {
        using var connection = Connected.Open();
        SocketHandle handle = Register(connection);
        connection.Peer.Send("0123456789"u8);
        _test.AwaitReadable(handle);
        _test.Run(() =>
        {
            Span<byte> buffer = stackalloc byte[100];
            IoResult result = handle.Receive(buffer);
            Assert.Equal(IoStatus.Ok, result.Status);
            Assert.Equal("0123456789"u8, buffer[..result.Bytes]);
            Assert.False(handle.IsReadable);
            Assert.Equal(IoStatus.WouldBlock, handle.Receive(buffer).Status);
            Assert.False(handle.IsReadable);
        });
    }

    [Fact]
    public void A_receive_that_fills_its_buffer_leaves_the_socket_readable_and_arming_then_fires_by_itself()
    {
        using var connection = Connected.Open();
        SocketHandle handle = Register(connection);
        connection.Peer.Send("0123456789"u8);
        _test.AwaitReadable(handle);
        _test.Run(() =>
        {
            Assert.Equal(4, handle.Receive(stackalloc byte[4]).Bytes);
            Assert.True(handle.IsReadable);
        });
        _test.AwaitReadable(handle);
        Assert.Equal(6, _test.Run(() => handle.Receive(new byte[10]).Bytes));
    }

    [Fact]
    public void An_armed_direction_fires_once_and_never_from_within_the_call()
    {
        using var connection = Connected.Open();
        SocketHandle handle = Register(connection);
        connection.Peer.Send("x"u8);
        _test.AwaitReadable(handle);
        int calls = 0;
        _test.Run(() =>
        {
            _test.Readable = _ => calls++;
            handle.NotifyReadable();
            handle.NotifyReadable();
            Assert.Equal(0, calls);
        });
        _test.AwaitOnLoop(() => calls > 0);
        long events = _test.Loop.Counters.Events;
        connection.Peer.Send("y"u8);
        TestLoop.SpinUntil(() => _test.Loop.Counters.Events > events);
        _test.AwaitEventPass();
        Assert.Equal(1, _test.Run(() => calls));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_a_last_send_held_back_arrives_whatever_was_left_unread(bool isUnread)
    {
        using var connection = Connected.Open();
        SocketHandle handle = Register(connection);
        if (isUnread)
        {
            connection.Peer.Send("never read"u8);
            _test.AwaitReadable(handle);
        }

        _test.Run(() =>
        {
            Assert.Equal(4, handle.Send("last"u8, more: true).Bytes);
            handle.Close();
        });
        byte[] received = new byte[10];
        Assert.Equal(4, connection.Peer.Receive(received));
        Assert.Equal("last"u8, received[..4]);
        // An end, or a reset where bytes were left.
        if (!isUnread)
            Assert.Equal(0, connection.Peer.Receive(received));
    }

    [Fact]
    public void Readiness_that_is_used_up_before_the_event_pass_does_not_fire()
    {
        using var connection = Connected.Open();
        SocketHandle handle = Register(connection);
        connection.Peer.Send("x"u8);
        _test.AwaitReadable(handle);
        int calls = 0;
        _test.Run(() =>
        {
            _test.Readable = _ => calls++;
            handle.NotifyReadable();
            _ = handle.Receive(stackalloc byte[10]);
        });
        _test.AwaitEventPass();
        Assert.Equal(0, _test.Run(() => calls));

        // It is still armed for the next edge.
        connection.Peer.Send("y"u8);
        _test.AwaitOnLoop(() => calls == 1);
    }

    [Fact]
    public void An_event_for_a_direction_that_is_not_armed_only_sets_its_flag()
    {
        using var connection = Connected.Open();
        int writable = 0;
        SocketHandle handle = _test.Run(() =>
        {
            _test.Writable = _ => writable++;
            return _test.Loop.Register(connection.Fd, owner: null);
        });
        Assert.False(_test.Run(() => handle.IsWritable && handle.WritableSince == 0));
        for (int i = 0; i < 5; i++)
        {
            // Each edge for reading reports EPOLLOUT along with it.
            connection.Peer.Send("x"u8);
            _test.AwaitReadable(handle);
            _test.Run(() => handle.Receive(new byte[10]));
        }

        _test.Run(() =>
        {
            Assert.True(handle.IsWritable);
            Assert.InRange(handle.WritableSince, 1, _test.Loop.Now);
            Assert.Equal(0, writable);
        });
    }

    [Fact]
    public void With_the_peers_FIN_seen_a_short_receive_stays_readable_until_the_end_of_stream()
    {
        using var connection = Connected.Open();
        SocketHandle handle = Register(connection);
        connection.Peer.Send("0123456789"u8);
        connection.Peer.Shutdown(SocketShutdown.Send);
        _test.AwaitOnLoop(() => handle.PeerHasShutDown);
        _test.Run(() =>
        {
            Assert.True(handle.IsReadable);
            Assert.Equal(10, handle.Receive(stackalloc byte[100]).Bytes);
            Assert.True(handle.IsReadable);
            Assert.Equal(IoStatus.Eof, handle.Receive(stackalloc byte[100]).Status);
            Assert.False(handle.IsReadable);
            Assert.False(handle.HasError);

            // The other direction is still open.
            Assert.Equal(3, handle.Send("bye"u8).Bytes);
        });
        Assert.Equal(3, connection.Peer.Receive(new byte[10]));
    }

    [Fact]
    public void A_send_that_falls_short_makes_the_socket_unwritable_until_the_peer_drains_it()
    {
        using var connection = Connected.Open(peer => peer.ReceiveBufferSize = 8 * 1024);
        SocketHandle handle = Register(connection);
        byte[] data = new byte[256 * 1024];
        new Random(3).NextBytes(data);
        long sent = _test.Run(() =>
        {
            long total = 0;
            IoResult result;
            while ((result = handle.Send(data)).Bytes == data.Length)
                total += result.Bytes;
            Assert.False(handle.IsWritable);
            total += result.Bytes;
            Assert.Equal(IoStatus.WouldBlock, handle.Send(data).Status);
            return total;
        });

        Task drain = Task.Run(() =>
        {
            byte[] buffer = new byte[64 * 1024];
            for (long left = sent; left > 0; )
                left -= connection.Peer.Receive(buffer);
        });
        _test.AwaitWritable(handle);
        TestLoop.Await(drain);
        _test.Run(() =>
        {
            Assert.True(handle.IsWritable);
            Assert.Equal(1, handle.Send("x"u8).Bytes);
        });
    }

    [Fact]
    public void A_reset_by_the_peer_is_a_status_and_sets_the_error_flag()
    {
        using var connection = Connected.Open();
        SocketHandle handle = Register(connection);
        connection.Peer.LingerState = new LingerOption(enable: true, seconds: 0);
        connection.Peer.Close();
        _test.AwaitOnLoop(() => handle.HasError);
        _test.Run(() =>
        {
            Assert.True(handle.IsReadable);
            IoResult result = handle.Receive(stackalloc byte[10]);
            Assert.Equal(IoStatus.Reset, result.Status);
            Assert.Equal(104, result.Errno);
            IoResult send = handle.Send("x"u8);
            Assert.Equal(IoStatus.Reset, send.Status);
            Assert.Equal(32, send.Errno);
        });
    }

    [Fact]
    public void Abort_resets_the_connection()
    {
        using var connection = Connected.Open();
        SocketHandle handle = Register(connection);
        _test.Run(handle.Abort);
        SocketException exception = Assert.Throws<SocketException>(() => connection.Peer.Receive(new byte[1]));
        Assert.Equal(SocketError.ConnectionReset, exception.SocketErrorCode);
    }

    [Fact]
    public void Shutting_down_the_write_side_sends_FIN_and_goes_on_receiving()
    {
        using var connection = Connected.Open();
        SocketHandle handle = Register(connection);
        _test.Run(handle.ShutdownWrite);
        Assert.Equal(0, connection.Peer.Receive(new byte[1]));
        connection.Peer.Send("x"u8);
        _test.AwaitReadable(handle);
        Assert.Equal(1, _test.Run(() => handle.Receive(new byte[2]).Bytes));
    }

    [Fact]
    public void A_closed_handle_is_harmless()
    {
        using var connection = Connected.Open();
        SocketHandle handle = Register(connection);
        _test.Run(() =>
        {
            handle.Close();
            handle.Close();
            handle.Abort();
            handle.ShutdownWrite();
            handle.NotifyReadable();
            handle.NotifyWritable();
            Assert.False(handle.IsOpen);
            Assert.Equal(-1, handle.Fd);
            Assert.Equal(IoStatus.Error, handle.Receive(stackalloc byte[1]).Status);
            Assert.Equal(EBADF, handle.Send("x"u8).Errno);
            Assert.Equal(EBADF, handle.TakeSocketError());
            Assert.Equal(0, _test.Loop.Counters.OpenSockets);
        });
        Assert.Equal(0, connection.Peer.Receive(new byte[1]));
    }

    [Fact]
    public void A_stale_handle_neither_hears_of_nor_harms_the_next_socket_with_its_number()
    {
        using var first = Connected.Open();
        SocketHandle stale = Register(first);
        var heard = new List<SocketHandle>();

        // Made before, so that it does not take the number itself.
        int listener = TcpSocket.Listen(InetEndPoint.From(IPAddress.Loopback, 0), 128, reusePort: false);
        _test.Run(() =>
        {
            _test.Readable = heard.Add;
            stale.NotifyReadable();
            stale.Close();
        });
        List<int> others = ConnectUntilDescriptor(listener, first.Fd);
        using Socket peer = AcceptPeerOf(listener, first.Fd);
        SocketHandle fresh = _test.Run(() =>
        {
            SocketHandle handle = _test.Loop.Register(first.Fd, owner: null);
            handle.NotifyReadable();
            return handle;
        });
        Assert.Equal(first.Fd, fresh.Fd);
        Assert.NotEqual(stale.Generation, fresh.Generation);
        _test.Run(stale.Close);
        peer.Send("x"u8);
        _test.AwaitOnLoop(() => heard.Count > 0);
        _test.Run(() =>
        {
            Assert.Same(fresh, Assert.Single(heard));
            Assert.False(stale.IsReadable);
            Assert.Equal(1, fresh.Receive(stackalloc byte[10]).Bytes);
        });
        others.ForEach(TcpSocket.Close);
        TcpSocket.Close(listener);
    }

    [Fact]
    public void An_event_for_a_socket_closed_earlier_in_the_same_batch_is_ignored()
    {
        using var one = Connected.Open();
        using var two = Connected.Open();
        SocketHandle a = Register(one);
        SocketHandle b = Register(two);
        var heard = new List<SocketHandle>();
        long events = _test.Run(() =>
        {
            _test.Readable = handle =>
            {
                heard.Add(handle);
                (handle == a ? b : a).Close();
            };
            a.NotifyReadable();
            b.NotifyReadable();

            // Sent by the loop itself, so that both are readable before it looks: both are in one batch.
            one.Peer.Send("x"u8);
            two.Peer.Send("x"u8);
            Kernel.WaitUntilReadable(one.Fd);
            Kernel.WaitUntilReadable(two.Fd);
            return _test.Loop.Counters.Events;
        });
        _test.AwaitEventPass();
        Assert.Equal(events + 2, _test.Loop.Counters.Events);
        _test.Run(() => Assert.Single(heard));
    }

    [Fact]
    public void An_event_of_an_earlier_generation_finds_no_socket()
    {
        var table = new SocketTable();
        int slot = table.Reserve(out uint generation);
        using var test = new TestLoop();
        var handle = new SocketHandle(test.Loop, fd: -1, slot, generation, owner: null, isListener: false, isWritable: false);
        table.Set(slot, handle);
        Assert.Same(handle, table.Find(SocketTable.Key(slot, generation)));
        table.Release(slot);
        Assert.Null(table.Find(SocketTable.Key(slot, generation)));

        int again = table.Reserve(out uint next);
        table.Set(again, handle);
        Assert.Equal(slot, again);
        Assert.Null(table.Find(SocketTable.Key(slot, generation)));
        Assert.Same(handle, table.Find(SocketTable.Key(slot, next)));
        Assert.Null(table.Find(SocketTable.Key(slot + 1, 0)));
    }

    [Fact]
    public void A_connect_that_succeeds_becomes_writable_without_error()
    {
        int listener = TcpSocket.Listen(InetEndPoint.From(IPAddress.Loopback, 0), 16, reusePort: false);
        int fd = TcpSocket.Connect(TcpSocket.LocalEndPoint(listener), out _);
        SocketHandle handle = _test.Run(() => _test.Loop.Register(fd, owner: null));
        _test.AwaitWritable(handle);
        Assert.Equal(0, _test.Run(handle.TakeSocketError));
        TcpSocket.Close(listener);
    }

    [Fact]
    public void A_connect_that_is_refused_becomes_writable_with_its_error()
    {
        int listener = TcpSocket.Listen(InetEndPoint.From(IPAddress.Loopback, 0), 16, reusePort: false);
        InetEndPoint nobody = TcpSocket.LocalEndPoint(listener);
        TcpSocket.Close(listener);
        int fd = TcpSocket.Connect(nobody, out int errno);
        if (fd < 0)
        {
            Assert.Equal(ECONNREFUSED, errno);
            return;
        }

        SocketHandle handle = _test.Run(() => _test.Loop.Register(fd, owner: null));
        _test.AwaitWritable(handle);
        _test.Run(() =>
        {
            Assert.True(handle.HasError);
            Assert.Equal(ECONNREFUSED, handle.TakeSocketError());
        });
    }

    [Fact]
    public void A_listener_fires_again_for_what_was_not_accepted_and_not_once_its_queue_is_empty()
    {
        int fd = TcpSocket.Listen(InetEndPoint.From(IPAddress.Loopback, 0), 16, reusePort: false);
        IPEndPoint endPoint = TcpSocket.LocalEndPoint(fd).ToIPEndPoint();
        SocketHandle listener = _test.Run(() => _test.Loop.RegisterListener(fd, "listener"));
        using var first = new Socket(SocketType.Stream, ProtocolType.Tcp);
        using var second = new Socket(SocketType.Stream, ProtocolType.Tcp);
        first.Connect(endPoint);
        second.Connect(endPoint);
        _test.AwaitReadable(listener);
        AcceptOne();
        _test.AwaitReadable(listener);
        AcceptOne();

        int calls = 0;
        _test.Run(() =>
        {
            Assert.Equal(AcceptStatus.WouldBlock, TcpSocket.Accept(fd).Status);
            Assert.False(listener.IsReadable);
            _test.Readable = _ => calls++;
            listener.NotifyReadable();
        });
        _test.AwaitEventPass();
        Assert.Equal(0, _test.Run(() => calls));

        using var third = new Socket(SocketType.Stream, ProtocolType.Tcp);
        third.Connect(endPoint);
        _test.AwaitOnLoop(() => calls == 1);

        void AcceptOne() =>
            _test.Run(() =>
            {
                AcceptResult accepted = TcpSocket.Accept(fd);
                Assert.Equal(AcceptStatus.Ok, accepted.Status);
                TcpSocket.Close(accepted.Fd);
            });
    }

    [Fact]
    public void Registering_what_is_no_socket_leaves_it_with_the_caller()
    {
        SocketSetupException exception = Assert.Throws<SocketSetupException>(() => _test.Run(() => _test.Loop.Register(-1, owner: null)));
        Assert.Equal(EBADF, exception.Errno);
        Assert.Equal(0, _test.Loop.Counters.OpenSockets);
    }

    private SocketHandle Register(Connected connection) =>
        _test.Run(() => _test.Loop.Register(connection.Fd, connection, isWritable: true));

    /// <summary>The kernel gives the lowest free number; returns those it gave before the wanted one.</summary>
    private static List<int> ConnectUntilDescriptor(int listener, int wanted)
    {
        var others = new List<int>();
        InetEndPoint endPoint = TcpSocket.LocalEndPoint(listener);
        while (TcpSocket.Connect(endPoint, out _) is var fd && fd != wanted)
        {
            Assert.InRange(fd, 0, wanted);
            others.Add(fd);
        }

        return others;
    }

    /// <summary>The accepted end of that connection; the ends of others are closed.</summary>
    private static Socket AcceptPeerOf(int listener, int fd)
    {
        InetEndPoint wanted = TcpSocket.LocalEndPoint(fd);
        while (true)
        {
            Kernel.WaitUntilReadable(listener);
            AcceptResult accepted = TcpSocket.Accept(listener);
            if (accepted.Peer == wanted)
                return new Socket(new SafeSocketHandle(accepted.Fd, ownsHandle: true)) { Blocking = false };
            TcpSocket.Close(accepted.Fd);
        }
    }
}
