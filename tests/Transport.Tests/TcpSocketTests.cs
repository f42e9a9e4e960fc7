using System.Net;
using System.Net.Sockets;

namespace TlsGateway.Transport.Tests;

public sealed class TcpSocketTests : IDisposable
{
    private readonly List<int> _descriptors = [];

    public void Dispose() => _descriptors.ForEach(TcpSocket.Close);

    [Fact]
    public void Two_listeners_share_a_port_and_both_get_connections()
    {
        int first = Listen(IPAddress.Loopback, 0, reusePort: true);
        int port = TcpSocket.LocalEndPoint(first).Port;
        int second = Listen(IPAddress.Loopback, port, reusePort: true);
        var clients = new List<Socket>();
        for (int i = 0; i < 64; i++)
        {
            var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            client.Connect(IPAddress.Loopback, port);
            clients.Add(client);
        }

        int ofFirst = AcceptAll(first);
        int ofSecond = AcceptAll(second);
        Assert.Equal(64, ofFirst + ofSecond);

        // The kernel hashes: that all fall to one has a chance of 2^-63.
        Assert.InRange(ofFirst, 1, 63);
        clients.ForEach(client => client.Dispose());
    }

    [Fact]
    public void A_port_that_is_taken_is_told_with_address_cause_and_remedy()
    {
        int first = Listen(IPAddress.Loopback, 0, reusePort: false);
        InetEndPoint taken = TcpSocket.LocalEndPoint(first);
        int descriptors = Kernel.CountDescriptors();
        SocketSetupException exception = Assert.Throws<SocketSetupException>(() => TcpSocket.Listen(taken, 16, reusePort: false));
        Assert.Equal(98, exception.Errno);
        Assert.Equal(taken, exception.EndPoint);
        Assert.StartsWith($"Cannot listen on 127.0.0.1:{taken.Port}: ", exception.Message);
        Assert.Contains("EADDRINUSE", exception.Message);
        Assert.Contains($"ss -ltnp 'sport = :{taken.Port}'", exception.Message);
        Assert.Equal(descriptors, Kernel.CountDescriptors());
    }

    [Fact]
    public void An_address_of_another_host_is_told_as_such()
    {
        // RFC 5737: 192.0.2.0/24 is for documentation, so no host has it.
        SocketSetupException exception = Assert.Throws<SocketSetupException>(() =>
            TcpSocket.Listen(InetEndPoint.From(IPAddress.Parse("192.0.2.1"), 0), 16, reusePort: false)
        );
        Assert.Contains("This host has no such address", exception.Message);
    }

    [Fact]
    public void An_accepted_socket_is_non_blocking_without_delay_and_knows_its_peer()
    {
        int listener = Listen(IPAddress.Loopback, 0, reusePort: false);
        using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        client.Connect(TcpSocket.LocalEndPoint(listener).ToIPEndPoint());
        AcceptResult accepted = AcceptOne(listener);
        Assert.Equal(client.LocalEndPoint, accepted.Peer.ToIPEndPoint());
        Assert.Equal(client.RemoteEndPoint, TcpSocket.LocalEndPoint(accepted.Fd).ToIPEndPoint());

        using var socket = new Socket(new SafeSocketHandle(accepted.Fd, ownsHandle: false));
        Assert.True(socket.NoDelay);
        string flags = File.ReadAllLines($"/proc/self/fdinfo/{accepted.Fd}").First(line => line.StartsWith("flags:"));
        int octal = Convert.ToInt32(flags["flags:".Length..].Trim(), 8);
        Assert.Equal(0x80000 | 0x800, octal & (0x80000 | 0x800));
    }

    [Fact]
    public void A_connected_socket_has_no_delay()
    {
        int listener = Listen(IPAddress.Loopback, 0, reusePort: false);
        int fd = TcpSocket.Connect(TcpSocket.LocalEndPoint(listener), out _);
        Assert.InRange(fd, 0, int.MaxValue);
        _descriptors.Add(fd);
        using var socket = new Socket(new SafeSocketHandle(fd, ownsHandle: false));
        Assert.True(socket.NoDelay);
    }

    [Fact]
    public void A_listener_on_every_address_takes_IPv4_and_shows_it_as_such()
    {
        Assert.SkipUnless(Socket.OSSupportsIPv6, "No IPv6 on this host.");
        int listener = Listen(IPAddress.IPv6Any, 0, reusePort: false);
        int port = TcpSocket.LocalEndPoint(listener).Port;
        using var four = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        four.Connect(IPAddress.Loopback, port);
        Assert.Equal(four.LocalEndPoint, AcceptOne(listener).Peer.ToIPEndPoint());

        int six = TcpSocket.Connect(InetEndPoint.From(IPAddress.IPv6Loopback, port), out _);
        Assert.InRange(six, 0, int.MaxValue);
        _descriptors.Add(six);
        InetEndPoint peer = AcceptOne(listener).Peer;
        Assert.Equal($"[::1]:{TcpSocket.LocalEndPoint(six).Port}", peer.ToString());
    }

    [Fact]
    public void An_empty_queue_would_block()
    {
        AcceptResult result = TcpSocket.Accept(Listen(IPAddress.Loopback, 0, reusePort: false));
        Assert.Equal(AcceptStatus.WouldBlock, result.Status);
        Assert.Equal(-1, result.Fd);
    }

    [Fact]
    public void Running_out_of_descriptors_is_a_status_and_the_connection_stays_queued()
    {
        int listener = Listen(IPAddress.Loopback, 0, reusePort: false);
        _ = TcpSocket.Accept(listener);
        using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        client.Connect(TcpSocket.LocalEndPoint(listener).ToIPEndPoint());
        Kernel.WaitUntilReadable(listener);
        AcceptResult result = Kernel.WithoutDescriptors(() => TcpSocket.Accept(listener));
        Assert.Equal(AcceptStatus.OutOfDescriptors, result.Status);
        Assert.Equal(24, result.Errno);
        Assert.Equal(AcceptStatus.Ok, AcceptOne(listener).Status);
    }

    [Fact]
    public void Accepting_on_what_does_not_listen_is_an_error()
    {
        Assert.Equal(AcceptStatus.Error, TcpSocket.Accept(-1).Status);
    }

    [Fact]
    public void A_connect_that_fails_at_once_gives_its_errno_and_no_descriptor()
    {
        int descriptors = Kernel.CountDescriptors();

        // A TCP connection to a multicast or broadcast address is refused by the kernel itself.
        int fd = TcpSocket.Connect(InetEndPoint.From(IPAddress.Broadcast, 80), out int errno);
        Assert.Equal(-1, fd);
        Assert.NotEqual(0, errno);
        Assert.Equal(descriptors, Kernel.CountDescriptors());
    }

    [Fact]
    public void The_local_end_of_no_socket_is_an_error()
    {
        Assert.Equal(9, Assert.Throws<SocketSetupException>(() => TcpSocket.LocalEndPoint(-1)).Errno);
    }

    private int Listen(IPAddress address, int port, bool reusePort)
    {
        int fd = TcpSocket.Listen(InetEndPoint.From(address, port), 128, reusePort);
        _descriptors.Add(fd);
        return fd;
    }

    private AcceptResult AcceptOne(int listener)
    {
        Kernel.WaitUntilReadable(listener);
        AcceptResult accepted = TcpSocket.Accept(listener);
        Assert.Equal(AcceptStatus.Ok, accepted.Status);
        _descriptors.Add(accepted.Fd);
        return accepted;
    }

    private int AcceptAll(int listener)
    {
        int count = 0;
        while (TcpSocket.Accept(listener) is { Status: AcceptStatus.Ok } accepted)
        {
            _descriptors.Add(accepted.Fd);
            count++;
        }

        return count;
    }
}
