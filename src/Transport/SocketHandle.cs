using TlsGateway.Transport.Native;
using static TlsGateway.Transport.Native.LinuxConstants;

namespace TlsGateway.Transport;

/// <summary>
/// A registered socket: its descriptor, which it owns, and what is known of its readiness. Loop thread only. A reference may outlive
/// <see cref="Close"/>; every call is harmless then, whatever has become of the descriptor's number.
/// </summary>
/// <remarks>
/// Registered once, edge-triggered, for everything; interest is filtered here, so there is no epoll_ctl per wake-up. An edge sets a flag, a call that
/// finds the kernel's buffer empty (or full) clears it, and a call to <see cref="ISocketEvents"/> follows only where the owner has armed one.
/// </remarks>
public sealed unsafe class SocketHandle
{
    /// <summary>Asked of one splice: what a pipe has room for, unless it was made larger.</summary>
    private const nuint MaxSpliceBytes = 64 * 1024;

    private readonly EventLoop _loop;
    private readonly int _slot;
    private int _fd;
    private bool _readableArmed;
    private bool _writableArmed;
    private bool _mayHoldBack;

    /// <summary>Made by <see cref="EventLoop.Connect"/>, with no options but those that it sets.</summary>
    private bool _mayConnectAgain;
    private bool _isIPv4;
    private bool _isWriteShut;
    private bool _hasEnded;

    internal SocketHandle(EventLoop loop, int fd, int slot, uint generation, object? owner, bool isListener, bool isWritable)
    {
        _loop = loop;
        _fd = fd;
        _slot = slot;
        Generation = generation;
        Owner = owner;
        IsListener = isListener;
        IsWritable = isWritable;
        if (isWritable)
            WritableSince = loop.Now;
    }

    /// <summary>-1 once closed, never another socket's number.</summary>
    public int Fd => _fd;

    /// <summary>How often the slot had been given up before; with the slot it names this socket in the kernel's events.</summary>
    public uint Generation { get; }

    public object? Owner { get; set; }

    public bool IsOpen => _fd >= 0;

    /// <summary>
    /// An edge was seen (EPOLLIN, EPOLLRDHUP, EPOLLHUP, EPOLLERR) and has not been used up: a receive is worth while. A receive that fills its buffer
    /// leaves it; a short one clears it, unless an end of stream or an error follows the bytes.
    /// </summary>
    public bool IsReadable { get; private set; }

    /// <summary>EPOLLOUT (or EPOLLHUP, EPOLLERR) was seen and no send has fallen short since.</summary>
    public bool IsWritable { get; private set; }

    /// <summary>EPOLLRDHUP or EPOLLHUP was seen: after the bytes that are left comes <see cref="IoStatus.Eof"/>.</summary>
    public bool PeerHasShutDown { get; private set; }

    /// <summary>EPOLLERR was seen; the next receive, or <see cref="TakeSocketError"/>, tells which.</summary>
    public bool HasError { get; private set; }

    /// <summary>
    /// The loop's time of the edge that set <see cref="IsReadable"/>; meaningless while that is false. An edge that came during a turn of a millisecond or more counts from its start: the loop was away.
    /// </summary>
    public long ReadableSince { get; private set; }

    /// <summary>As <see cref="ReadableSince"/>, for <see cref="IsWritable"/>.</summary>
    public long WritableSince { get; private set; }

    internal bool IsListener { get; }

    /// <summary>Whether the loop has it on the list of handles that were armed while ready.</summary>
    internal bool IsQueued { get; set; }

    /// <summary>
    /// Asks for one <see cref="ISocketEvents.OnReadable"/>: at the next edge or, if <see cref="IsReadable"/> already, in the loop's next event pass, never
    /// from within this call. Arming twice is arming once.
    /// </summary>
    public void NotifyReadable()
    {
        _loop.AssertOnLoop();
        _readableArmed = true;
        if (IsReadable)
            _loop.QueueReady(this);
    }

    /// <summary>Asks for one <see cref="ISocketEvents.OnWritable"/>; as <see cref="NotifyReadable"/>.</summary>
    public void NotifyWritable()
    {
        _loop.AssertOnLoop();
        _writableArmed = true;
        if (IsWritable)
            _loop.QueueReady(this);
    }

    /// <summary>recv(2), once. An empty buffer receives 0 bytes with <see cref="IoStatus.Ok"/> and says nothing of the socket.</summary>
    public IoResult Receive(Span<byte> buffer)
    {
        _loop.AssertOnLoop();
        if (_fd < 0)
            return IoResult.Closed;
        if (buffer.IsEmpty)
            return IoResult.Ok(0);
        nint received;
        fixed (byte* start = buffer)
        {
            do
            {
                received = Libc.recv(_fd, start, (nuint)buffer.Length, 0);
            } while (received < 0 && Errno.Last == Errno.EINTR);
        }

        if (received == buffer.Length)
            return IoResult.Ok((int)received);

        // Short: the kernel's buffer was empty for a moment, and whatever came after that makes a new edge. A FIN or an error that has already made its
        // edge makes none again, so with either seen the caller has to go on until it gets it.
        IsReadable = received > 0 && (PeerHasShutDown || HasError);
        if (received > 0)
            return IoResult.Ok((int)received);
        _hasEnded = received == 0;
        return _hasEnded ? IoResult.Eof : IoResult.Failed(Errno.Last);
    }

    /// <summary>send(2), once, without SIGPIPE. <see cref="IoResult.Bytes"/> may be fewer than offered; then <see cref="IsWritable"/> is false.</summary>
    /// <param name="data">What to send.</param>
    /// <param name="more">
    /// MSG_MORE: the kernel may hold it back for what follows, be that <see cref="Close"/>, so that the last bytes and the FIN are one segment. It is not lost
    /// there, also when bytes received and not read make the close a reset.
    /// </param>
    public IoResult Send(ReadOnlySpan<byte> data, bool more = false)
    {
        _loop.AssertOnLoop();
        if (_fd < 0)
            return IoResult.Closed;
        nint sent;
        fixed (byte* start = data)
        {
            do
            {
                sent = Libc.send(_fd, start, (nuint)data.Length, more ? MSG_NOSIGNAL | MSG_MORE : MSG_NOSIGNAL);
            } while (sent < 0 && Errno.Last == Errno.EINTR);
        }

        _mayHoldBack = more && sent > 0;
        if (sent == data.Length)
            return IoResult.Ok((int)sent);
        IsWritable = false;
        return sent >= 0 ? IoResult.Ok((int)sent) : IoResult.Failed(Errno.Last);
    }

    /// <summary>
    /// Moves what was received into <paramref name="pipe"/>, which must be empty (splice(2)), once: then would-block means that there is nothing to receive, not that the pipe is full.
    /// </summary>
    /// <returns>As <see cref="Receive"/>; <see cref="IsReadable"/> stays until it would block, since a pipe may be full of small pieces.</returns>
    public IoResult ReceiveInto(SplicePipe pipe)
    {
        _loop.AssertOnLoop();
        System.Diagnostics.Debug.Assert(pipe.Count == 0, "The pipe is not empty.");
        if (_fd < 0)
            return IoResult.Closed;
        nint moved = Splice(_fd, pipe.WriteEnd, MaxSpliceBytes);
        if (moved > 0)
        {
            pipe.Count = (int)moved;
            return IoResult.Ok((int)moved);
        }

        IsReadable = false;
        return moved == 0 ? IoResult.Eof : IoResult.Failed(Errno.Last);
    }

    /// <summary>Sends what is in <paramref name="pipe"/> (splice(2)), as much as the socket takes; would-block with the rest left in it makes <see cref="IsWritable"/> false.</summary>
    public IoResult SendFrom(SplicePipe pipe)
    {
        _loop.AssertOnLoop();
        if (_fd < 0)
            return IoResult.Closed;
        int total = 0;
        while (pipe.Count > 0)
        {
            nint moved = Splice(pipe.ReadEnd, _fd, (nuint)pipe.Count);
            if (moved <= 0)
            {
                IsWritable = false;
                IoResult failed = IoResult.Failed(Errno.Last);
                return failed.Status == IoStatus.WouldBlock && total > 0 ? IoResult.Ok(total) : failed;
            }

            pipe.Count -= (int)moved;
            total += (int)moved;
        }

        return IoResult.Ok(total);
    }

    /// <summary>
    /// Has the kernel find out that the other end is gone: a host that no longer answers, for which there is no reset. Without effect on a socket that is closed.
    /// </summary>
    /// <param name="idle">Nothing was heard for so long: it is asked. Whole seconds.</param>
    /// <param name="giveUp">Nothing was acknowledged for so long: the connection is dropped.</param>
    public void WatchPeer(TimeSpan idle, TimeSpan giveUp)
    {
        _loop.AssertOnLoop();
        _mayConnectAgain = false;
        if (_fd >= 0)
            TcpSocket.WatchPeer(_fd, idle, giveUp);
    }

    /// <summary>Reads and clears the pending error (SO_ERROR): 0, or why a connect or the connection failed.</summary>
    public int TakeSocketError()
    {
        _loop.AssertOnLoop();
        if (_fd < 0)
            return Errno.EBADF;
        int error = 0;
        uint length = sizeof(int);
        return Libc.getsockopt(_fd, SOL_SOCKET, SO_ERROR, &error, &length) == 0 ? error : Errno.Last;
    }

    /// <summary>Where the peer connected to.</summary>
    /// <exception cref="SocketSetupException">It is closed.</exception>
    public InetEndPoint LocalEndPoint() => TcpSocket.LocalEndPoint(_fd);

    /// <summary>Sends FIN behind what was sent; receiving goes on. Without effect on a socket whose connection is gone.</summary>
    public void ShutdownWrite()
    {
        _loop.AssertOnLoop();
        if (_fd >= 0)
            _isWriteShut = Libc.shutdown(_fd, SHUT_WR) == 0;
    }

    /// <summary>
    /// Acknowledges what was received, where the kernel waits for an answer to do it with: up to 40 ms, in which a peer without TCP_NODELAY sends nothing more.
    /// </summary>
    public void AcknowledgeNow()
    {
        _loop.AssertOnLoop();
        if (_fd >= 0)
            TcpSocket.AcknowledgeNow(_fd);
    }

    /// <summary>Makes of <see cref="Close"/> a reset, which drops what was not sent yet.</summary>
    public void ResetOnClose()
    {
        _loop.AssertOnLoop();
        _mayHoldBack = false;
        _mayConnectAgain = false;
        if (_fd >= 0)
            TcpSocket.ResetOnClose(_fd);
    }

    /// <summary>
    /// Closes the descriptor, once, and forgets the socket; no event comes after it. The kernel goes on sending what was sent, but bytes received and not
    /// read make it a reset (RFC 2525 §2.17).
    /// </summary>
    public void Close()
    {
        _loop.AssertOnLoop();
        if (_fd < 0)
            return;
        int fd = _fd;
        _fd = -1;
        // What close(2) finds unread makes it a reset, which drops what was held back: it goes with the FIN first. Behind the peer's FIN nothing comes.
        if (_mayHoldBack && !_hasEnded)
            _ = Libc.shutdown(fd, SHUT_WR);
        IsReadable = false;
        IsWritable = false;
        _readableArmed = false;
        _writableArmed = false;
        if (_mayConnectAgain && _isWriteShut && _hasEnded && _loop.TryKeep(fd, _slot, Generation, _isIPv4))
            return;
        _loop.Forget(this, _slot);

        // No EPOLL_CTL_DEL: closing the last descriptor of a socket takes it out of every epoll set (epoll(7)), and the generation has ended what a
        // child process between fork and exec might still hold.
        TcpSocket.Close(fd);
    }

    /// <summary>Closes with a reset: what was sent and not acknowledged is dropped (SO_LINGER of zero seconds).</summary>
    public void Abort()
    {
        _loop.AssertOnLoop();
        if (_fd < 0)
            return;
        _mayConnectAgain = false;
        // struct linger { int l_onoff; int l_linger; }
        int* linger = stackalloc int[] { 1, 0 };
        _ = Libc.setsockopt(_fd, SOL_SOCKET, SO_LINGER, linger, 2 * sizeof(int));
        Close();
    }

    internal void MayConnectAgain(bool ipv4)
    {
        _mayConnectAgain = true;
        _isIPv4 = ipv4;
    }

    /// <summary>Takes over what the kernel reports, then notifies where armed.</summary>
    internal void OnEdge(uint events, long since)
    {
        if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0 && !IsReadable)
        {
            IsReadable = true;
            ReadableSince = since;
        }

        if ((events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0 && !IsWritable)
        {
            IsWritable = true;
            WritableSince = since;
        }

        PeerHasShutDown |= (events & (EPOLLRDHUP | EPOLLHUP)) != 0;
        HasError |= (events & EPOLLERR) != 0;
        FireArmed();
    }

    /// <summary>Notifies each direction that is armed and ready, and disarms it.</summary>
    internal void FireArmed()
    {
        if (_readableArmed && IsReadable)
        {
            _readableArmed = false;
            _loop.RaiseReadable(this);
        }

        if (_writableArmed && IsWritable)
        {
            _writableArmed = false;
            _loop.RaiseWritable(this);
        }
    }

    private static nint Splice(int from, int to, nuint length)
    {
        nint moved;
        do
        {
            moved = Libc.splice(from, null, to, null, length, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
        } while (moved < 0 && Errno.Last == Errno.EINTR);

        return moved;
    }

    /// <summary>The listener's queue has run empty; the next connection makes an edge.</summary>
    internal void OnDrained() => IsReadable = false;
}
