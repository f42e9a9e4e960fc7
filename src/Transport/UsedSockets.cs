namespace TlsGateway.Transport;

/// <summary>
/// Descriptors of connections that have ended in order both ways, for connecting again: making a TCP socket, setting it up, registering and closing it costs half as much as connecting it
/// (docs/adr/0015-sockets-used-again.md). They stay registered with the loop's epoll set, and keep their slots, in which events find no socket meanwhile. For the loop's thread.
/// </summary>
internal sealed class UsedSockets
{
    /// <summary>Of each family: as many as connect at once, on a loop that makes thousands of connections a second.</summary>
    public const int MaxPerFamily = 32;

    private readonly Stack<Used> _ipv4 = new(MaxPerFamily);
    private readonly Stack<Used> _ipv6 = new(MaxPerFamily);

    /// <summary>A kernel that cannot dissolve a connection says so the first time, and is not asked again.</summary>
    private bool _isRefused;

    public int Count => _ipv4.Count + _ipv6.Count;

    /// <summary>False: there is none.</summary>
    public bool TryTake(bool ipv4, out Used used) => Of(ipv4).TryPop(out used);

    /// <summary>False: it is still the caller's, to close. It is kept only where the peer has acknowledged all, the FIN included, so that nothing is lost with the connection's state.</summary>
    public bool TryKeep(in Used used, bool ipv4)
    {
        Stack<Used> kept = Of(ipv4);
        if (_isRefused || kept.Count == MaxPerFamily || !TcpSocket.IsAllAcknowledged(used.Fd))
            return false;
        if (!TcpSocket.TryDisconnect(used.Fd))
        {
            _isRefused = true;
            return false;
        }

        kept.Push(used);
        return true;
    }

    /// <param name="slots">Gets theirs back.</param>
    public void CloseAll(SocketTable slots)
    {
        while (_ipv4.TryPop(out Used used) || _ipv6.TryPop(out used))
        {
            slots.Release(used.Slot);
            TcpSocket.Close(used.Fd);
        }
    }

    private Stack<Used> Of(bool ipv4) => ipv4 ? _ipv4 : _ipv6;

    /// <param name="Fd">The descriptor.</param>
    /// <param name="Slot">Its place in the <see cref="SocketTable"/>.</param>
    /// <param name="Generation">That of the slot, which the kernel's events name.</param>
    internal readonly record struct Used(int Fd, int Slot, uint Generation);
}
