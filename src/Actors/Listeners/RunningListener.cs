using System.Net;
using TlsGateway.Actors.Limits;
using TlsGateway.Actors.Metrics;
using TlsGateway.Actors.Settings;
using TlsGateway.Tls;
using TlsGateway.Transport;

namespace TlsGateway.Actors.Listeners;

/// <summary>A listener of the host: the same socket on each loop, through all generations of its settings.</summary>
internal sealed class RunningListener(ListenerSettings settings, IPEndPoint endPoint, int[] fds)
{
    private readonly IPEndPoint _configured = settings.Bind;

    public ListenerSettings Settings { get; set; } = settings;

    public IPEndPoint EndPoint { get; } = endPoint;

    public int[] Fds { get; } = fds;

    public ITlsContext? Context { get; set; }

    public ListenerCounters.Shared Shared { get; } = new();

    public LimitState Limits { get; } = new();

    /// <summary>The same socket serves it: same name and same address.</summary>
    public bool Is(ListenerSettings other) => other.Name == Settings.Name && other.Bind.Equals(_configured);

    /// <summary>Listens.</summary>
    /// <param name="listener">Where, and how.</param>
    /// <param name="loops">One socket for each.</param>
    /// <param name="isOurs">The port is listened on by this host already.</param>
    /// <exception cref="SocketSetupException">It cannot be had.</exception>
    public static RunningListener Bind(ListenerSettings listener, int loops, bool isOurs)
    {
        var fds = Listen(listener.Bind, listener.Backlog, loops, isOurs);
        return new RunningListener(listener, TcpSocket.LocalEndPoint(fds[0]).ToIPEndPoint(), fds);
    }

    /// <summary>One socket per loop on the same address. With port 0 the kernel chooses for the first, the others follow.</summary>
    public static int[] Listen(IPEndPoint bind, int backlog, int loops, bool isOurs = false)
    {
        var fds = new int[loops];
        var at = InetEndPoint.From(bind);
        var bound = 0;
        // SO_REUSEPORT would let us share the port with another process of the same user without a word; a bind without it finds out.
        if (bind.Port != 0 && !isOurs)
            TcpSocket.Close(TcpSocket.Listen(at, backlog, reusePort: false));
        try
        {
            for (; bound < loops; bound++)
            {
                fds[bound] = TcpSocket.Listen(at, backlog, reusePort: true);
                at = TcpSocket.LocalEndPoint(fds[bound]);
            }
        }
        catch
        {
            for (var i = 0; i < bound; i++)
                TcpSocket.Close(fds[i]);
            throw;
        }

        return fds;
    }

    public void CloseSockets()
    {
        foreach (var fd in Fds)
            TcpSocket.Close(fd);
    }
}
