using System.Net.Sockets;

namespace TlsGateway.Transport.Tests;

public sealed class SpliceTests : IDisposable
{
    private readonly TestLoop _test = new();

    public void Dispose()
    {
        _test.Dispose();
        Assert.Empty(_test.Unhandled);
    }

    [Fact]
    public void What_came_on_one_socket_goes_out_on_another()
    {
        using var left = Connected.Open();
        using var right = Connected.Open();
        (SocketHandle from, SocketHandle to) = (Register(left), Register(right));
        left.Peer.Send("0123456789"u8);
        _test.AwaitReadable(from);
        _test.Run(() =>
        {
            SplicePipe pipe = _test.Loop.Pipes.TryRent()!;
            Assert.Equal(10, from.ReceiveInto(pipe).Bytes);
            Assert.Equal(10, pipe.Count);
            // More may be there: only a look at the empty socket tells.
            Assert.True(from.IsReadable);
            Assert.Equal(10, to.SendFrom(pipe).Bytes);
            Assert.Equal(0, pipe.Count);
            Assert.Equal(IoStatus.WouldBlock, from.ReceiveInto(pipe).Status);
            Assert.False(from.IsReadable);
            _test.Loop.Pipes.Return(pipe);
            Assert.Equal(0, _test.Loop.Pipes.Rented);
            Assert.Same(pipe, _test.Loop.Pipes.TryRent());
            _test.Loop.Pipes.Return(pipe);
        });
        byte[] received = new byte[10];
        Assert.Equal(10, right.Peer.Receive(received));
        Assert.Equal("0123456789"u8, received);
    }

    [Fact]
    public void A_receiver_that_is_full_leaves_the_rest_in_the_pipe()
    {
        using var left = Connected.Open();
        using var right = Connected.Open(static peer => peer.ReceiveBufferSize = 4096);
        (SocketHandle from, SocketHandle to) = (Register(left), Register(right));
        int sent = 0;
        byte[] piece = new byte[16_384];
        bool isFull = false;
        SplicePipe pipe = _test.Run(() => _test.Loop.Pipes.TryRent()!);
        while (!isFull)
        {
            left.Peer.Send(piece);
            sent += piece.Length;
            _test.AwaitReadable(from);
            isFull = _test.Run(() =>
            {
                while (from.ReceiveInto(pipe).Status == IoStatus.Ok)
                {
                    Assert.Equal(IoStatus.Ok, to.SendFrom(pipe).Status);
                    if (pipe.Count > 0)
                        return !to.IsWritable;
                }

                return false;
            });
        }

        int received = 0;
        left.Peer.Shutdown(SocketShutdown.Send);
        while (received < sent)
        {
            received += right.Peer.Receive(piece);
            _test.Run(() =>
            {
                while (pipe.Count > 0 || from.ReceiveInto(pipe).Status == IoStatus.Ok)
                {
                    IoResult result = to.SendFrom(pipe);
                    if (pipe.Count > 0)
                    {
                        Assert.True(result.Status is IoStatus.Ok or IoStatus.WouldBlock);
                        return;
                    }
                }
            });
        }

        Assert.Equal(sent, received);
        _test.Run(() => _test.Loop.Pipes.Return(pipe));
    }

    [Fact]
    public void The_end_and_a_reset_are_told()
    {
        using var ended = Connected.Open();
        using var reset = Connected.Open();
        (SocketHandle first, SocketHandle second) = (Register(ended), Register(reset));
        ended.Peer.Shutdown(SocketShutdown.Send);
        reset.Peer.LingerState = new LingerOption(true, 0);
        reset.Peer.Close();
        _test.AwaitReadable(first);
        _test.AwaitReadable(second);
        _test.Run(() =>
        {
            SplicePipe pipe = _test.Loop.Pipes.TryRent()!;
            Assert.Equal(IoStatus.Eof, first.ReceiveInto(pipe).Status);
            Assert.Equal(IoStatus.Reset, second.ReceiveInto(pipe).Status);
            _test.Loop.Pipes.Return(pipe);
        });
    }

    [Fact]
    public void A_pipe_with_bytes_in_it_is_never_used_again()
    {
        using var left = Connected.Open();
        SocketHandle from = Register(left);
        left.Peer.Send("secret of one connection"u8);
        _test.AwaitReadable(from);
        _test.Run(() =>
        {
            SplicePipe pipe = _test.Loop.Pipes.TryRent()!;
            Assert.Equal(IoStatus.Ok, from.ReceiveInto(pipe).Status);
            _test.Loop.Pipes.Return(pipe);
            SplicePipe next = _test.Loop.Pipes.TryRent()!;
            Assert.NotSame(pipe, next);
            _test.Loop.Pipes.Return(next);
        });
    }

    private SocketHandle Register(Connected connection) =>
        _test.Run(() => _test.Loop.Register(connection.Fd, owner: null, isWritable: true));
}
