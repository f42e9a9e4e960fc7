using TlsGateway.Transport.Native;

namespace TlsGateway.Transport;

// How sockets come to a loop and leave it; which of them are used again.
public sealed partial class EventLoop
{
    /// <summary>
    /// Takes a connected or connecting socket: the loop closes it if nobody has by its end. Its first events come in the next event pass.
    /// </summary>
    /// <param name="fd">Non-blocking, open, not registered. Owned by the handle from here on; still the caller's if this throws.</param>
    /// <param name="owner">Kept for <see cref="ISocketEvents"/>.</param>
    /// <param name="isWritable">
    /// True for an accepted socket that is written to before its first event; false, for a connecting one, waits for the kernel to say so.
    /// </param>
    /// <exception cref="SocketSetupException">epoll_ctl failed.</exception>
    /// <exception cref="ObjectDisposedException">The loop has ended.</exception>
    public SocketHandle Register(int fd, object? owner, bool isWritable = false) =>
        Add(fd, owner, Poller.ConnectionInterest, isListener: false, isWritable);

    /// <summary>
    /// Starts a TCP connection; the outcome is <see cref="SocketHandle.TakeSocketError"/> once the socket is writable. Where both sides have ended it in order by its <see cref="SocketHandle.Close"/>,
    /// its descriptor is used again.
    /// </summary>
    /// <param name="remote">Where to.</param>
    /// <param name="owner">Kept for <see cref="ISocketEvents"/>.</param>
    /// <returns>Null: it failed at once.</returns>
    /// <exception cref="SocketSetupException">epoll_ctl failed.</exception>
    /// <exception cref="ObjectDisposedException">The loop has ended.</exception>
    public SocketHandle? Connect(InetEndPoint remote, object? owner)
    {
        AssertOnLoop();
        ObjectDisposedException.ThrowIf(!_acceptsSockets, this);
        // Not while events are given out: the kernel's list may still name what the socket was.
        if (!_isDispatching && _used.TryTake(remote.IsIPv4, out UsedSockets.Used used) && ConnectAgain(used, remote, owner) is { } again)
            return again;
        int fd = TcpSocket.Connect(remote, out _);
        if (fd < 0)
            return null;
        try
        {
            SocketHandle handle = Register(fd, owner);
            handle.MayConnectAgain(remote.IsIPv4);
            return handle;
        }
        catch (SocketSetupException)
        {
            TcpSocket.Close(fd);
            throw;
        }
    }

    /// <summary>Takes a listening socket; as <see cref="Register"/>. It becomes readable when a connection arrives.</summary>
    public SocketHandle RegisterListener(int fd, object? owner) =>
        Add(fd, owner, Poller.ListenerInterest, isListener: true, isWritable: false);

    /// <summary>Keeps the descriptor of a socket that is closed, for another connection. False: it is the caller's, to be forgotten and closed.</summary>
    internal bool TryKeep(int fd, int slot, uint generation, bool ipv4)
    {
        if (!_acceptsSockets || !_used.TryKeep(new UsedSockets.Used(fd, slot, generation), ipv4))
            return false;
        _sockets.Vacate(slot);
        CountSockets();
        return true;
    }

    internal void Forget(SocketHandle handle, int slot)
    {
        _sockets.Release(slot);
        if (handle.IsListener)
            _ = _listeners.Remove(handle);
        CountSockets();
    }

    internal void OnListenerDrained(int listenFd)
    {
        foreach (SocketHandle listener in _listeners)
        {
            if (listener.Fd == listenFd)
                listener.OnDrained();
        }
    }

    private SocketHandle Add(int fd, object? owner, uint interest, bool isListener, bool isWritable)
    {
        AssertOnLoop();
        ObjectDisposedException.ThrowIf(!_acceptsSockets, this);
        int slot = _sockets.Reserve(out uint generation);
        if (!_poller.TryAdd(fd, interest, SocketTable.Key(slot, generation), out int errno))
        {
            _sockets.Release(slot);
            throw SocketSetupException.ForCall($"register descriptor {fd} with event loop {Name}", "epoll_ctl", errno);
        }

        return Take(slot, new SocketHandle(this, fd, slot, generation, owner, isListener, isWritable));
    }

    /// <summary>Null: the descriptor is of no use any more. What is wrong with the address shows on a new one as well.</summary>
    private SocketHandle? ConnectAgain(in UsedSockets.Used used, in InetEndPoint remote, object? owner)
    {
        (int fd, int slot, uint generation) = used;
        if (!TcpSocket.TryConnect(fd, remote, out _))
        {
            _sockets.Release(slot);
            TcpSocket.Close(fd);
            return null;
        }

        // What epoll reports from here on is what it finds when it looks, so of this connection.
        SocketHandle handle = Take(slot, new SocketHandle(this, fd, slot, generation, owner, isListener: false, isWritable: false));
        handle.MayConnectAgain(remote.IsIPv4);
        Counters.ReusedSocketsValue++;
        return handle;
    }

    private SocketHandle Take(int slot, SocketHandle handle)
    {
        _sockets.Set(slot, handle);
        if (handle.IsListener)
            _listeners.Add(handle);
        CountSockets();
        return handle;
    }

    private void CountSockets()
    {
        Counters.OpenSocketsValue = _sockets.Count - _used.Count;
        Counters.KeptSocketsValue = _used.Count;
    }
}
