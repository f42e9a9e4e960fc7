using System.Net;
using Akka.Actor;
using Akka.Actor.Setup;
using Akka.Configuration;
using Microsoft.Extensions.Logging;
using TlsGateway.Actors;
using TlsGateway.Actors.Dispatch;
using TlsGateway.Actors.Metrics;
using TlsGateway.Actors.Settings;
using TlsGateway.Actors.Stalls;
using TlsGateway.Tls;
using TlsGateway.Tls.OpenSsl;

namespace TlsGateway.Interop.Tests.Support;

/// <summary>
/// The real data path in this process, on loopback, two loops. Disposing it asserts that every connection ended and that descriptors, rented buffers, native
/// sessions and actors are back where they were.
/// </summary>
internal sealed class RunningGateway : IAsyncDisposable
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly ActorSystem _system;
    private readonly long _descriptorsBefore;
    private readonly long _sessionsBefore;
    private bool _terminated;

    private RunningGateway(ActorSystem system, GatewayHost host, GatewaySettings settings, long descriptors, long sessions)
    {
        _system = system;
        Host = host;
        Settings = settings;
        _descriptorsBefore = descriptors;
        _sessionsBefore = sessions;
    }

    public GatewayHost Host { get; }

    public GatewaySettings Settings { get; private set; }

    public ActorSystem System => _system;

    /// <summary>Every connection's actor.</summary>
    public ActorSelection Connections => _system.ActorSelection("/user/loop-*/*/*");

    /// <summary>Where the first listener listens.</summary>
    public IPEndPoint EndPoint => Host.Listeners[0].EndPoint;

    public int Port => EndPoint.Port;

    public static ListenerSettings Listener(TlsCertificate certificate, IPEndPoint upstream) =>
        new()
        {
            Name = "test",
            Bind = new IPEndPoint(IPAddress.Loopback, 0),
            Tls = new TlsServerSettings { Certificates = [certificate] },
            Upstream = new UpstreamSettings { Name = "upstream", Endpoints = [new EndpointSettings(upstream)] },
        };

    public static Task<RunningGateway> StartAsync(ListenerSettings listener, int loops = 2, ILoggerFactory? log = null) =>
        StartAsync([listener], loops, log);

    public static async Task<RunningGateway> StartAsync(
        IReadOnlyList<ListenerSettings> listeners,
        int loops = 2,
        ILoggerFactory? log = null
    ) =>
        await StartAsync(
            new GatewaySettings { Generation = 1, Listeners = listeners },
            loops,
            new GatewayHostOptions { LoggerFactory = log }
        );

    public static async Task<RunningGateway> StartAsync(GatewaySettings settings, int loops, GatewayHostOptions options)
    {
        _ = OpenSslLibrary.VersionText; // loads the libraries: what they open is not a leak
        var descriptors = Descriptors();
        var sessions = OpenSslSession.LiveCount;
        var system = ActorSystem.Create(
            "gateway",
            BootstrapSetup
                .Create()
                .WithConfig(
                    EventLoops
                        .MailboxConfig(loops)
                        .WithFallback(
                            ConfigurationFactory.ParseString("akka { loglevel = WARNING, stdout-loglevel = OFF, log-dead-letters = off }")
                        )
                )
                .And(new EventLoopsSetup { Count = loops })
        );
        var host = await GatewayHost.StartAsync(system, settings, options);
        RunningGateway gateway = new(system, host, settings, descriptors, sessions);
        lock (Running)
            Running.Add(system);
        return gateway;
    }

    public Task ReloadAsync(ListenerSettings listener) => ReloadAsync(Settings with { Listeners = [listener] });

    public Task ReloadAsync(GatewaySettings next)
    {
        Settings = next with { Generation = Settings.Generation + 1 };
        return Host.ReloadAsync(Settings);
    }

    /// <summary>Connections that ended with this reason.</summary>
    public long Closed(CloseReason reason) => Host.Metrics.Counters.Sum(c => c.Closed(reason));

    /// <summary>Sum of one count over the loops.</summary>
    public long Count(Func<ListenerCounters, long> read) => Host.Metrics.Counters.Sum(read);

    /// <summary>Seconds charged to a cell, running stalls included up to about a second ago.</summary>
    public double StallSeconds(StallOperation operation, StallWant want, StallLeg leg, StallCause cause) =>
        Host.Metrics.Counters.Sum(c => c.Stalls.Nanos(new StallKey(operation, want, leg, cause))) / 1e9;

    /// <summary>
    /// A condition: the client has kept writes waiting for half a second (by the gateway's own count) in which nothing came from the upstream, so every buffer on
    /// the way is full. A first stall alone may be one of a moment.
    /// </summary>
    public Func<bool> HeldUpByTheClient()
    {
        const double Seconds = 0.5;
        var bytes = -1L;
        var since = 0.0;
        return () =>
        {
            var stalled = StallSeconds(StallOperation.Write, StallWant.Write, StallLeg.Downstream, StallCause.Client);
            var received = Count(static c => c.UpstreamReceivedBytes);
            if (received == bytes)
                return stalled > since + Seconds;
            (bytes, since) = (received, stalled);
            return false;
        };
    }

    /// <summary>Waits until <paramref name="condition"/> holds; the gateway counts on its own threads.</summary>
    public static Task UntilAsync(Func<bool> condition, string what) => UntilAsync(condition, () => what);

    /// <summary>As above; <paramref name="what"/> is asked when the time is over, so that it tells how things stand then.</summary>
    public static Task UntilAsync(Func<bool> condition, Func<string> what) => UntilAsync(() => Task.FromResult(condition()), what);

    /// <summary>As above, for what has to be asked for.</summary>
    public static async Task UntilAsync(Func<Task<bool>> condition, Func<string> what)
    {
        var began = TimeProvider.System.GetTimestamp();
        using var poll = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        while (!await condition())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(began) < Patience, $"not within {Patience.TotalSeconds} s: {what()}");
            await poll.WaitForNextTickAsync();
        }
    }

    public Task UntilClosedAsync(CloseReason reason, long count = 1) =>
        UntilAsync(() => Closed(reason) >= count, () => $"{count} closed with {reason}; closed so far: {Describe()}");

    /// <summary>What was counted, for messages.</summary>
    public string Describe() =>
        string.Join(", ", Enum.GetValues<CloseReason>().Where(r => Closed(r) > 0).Select(r => $"{r} {Closed(r)}"))
        + $", open {Host.OpenConnections}";

    /// <summary>Runs on a loop's own thread, where its buffers may be read.</summary>
    public Task<T> OnLoopAsync<T>(int loop, Func<Transport.EventLoop, T> read)
    {
        var result = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        var eventLoop = EventLoops.Get(_system).Loop(loop);
        eventLoop.Post(new Work(() => result.SetResult(read(eventLoop))));
        return result.Task.WaitAsync(Patience);
    }

    /// <summary>Terminates the ActorSystem under whatever is open, and asserts that sessions, buffers and descriptors are given back all the same.</summary>
    public async Task TerminateAsync()
    {
        _terminated = true;
        var loops = EventLoops.Get(_system);
        await _system.Terminate().WaitAsync(Patience);
        for (var i = 0; i < loops.Count; i++)
        {
            Assert.True(loops.Loop(i).Join(Patience));
            var buffers = loops.Loop(i).Buffers;
            Assert.Equal((0L, 0L), (buffers.RentedBuffers, buffers.RentedBytes));
            Assert.Equal(0, loops.Loop(i).Counters.OpenSockets);
        }

        await Host.DisposeAsync();
        lock (Running)
            Running.Remove(_system);
    }

    public async ValueTask DisposeAsync()
    {
        if (!_terminated)
            await EndAsync();
        Assert.Equal(_sessionsBefore, OpenSslSession.LiveCount);
        await UntilAsync(() => Descriptors() <= _descriptorsBefore, () => $"descriptors back to {_descriptorsBefore}, now {Descriptors()}");
    }

    private async Task EndAsync()
    {
        await UntilAsync(() => Host.OpenConnections == 0, () => $"all connections ended: {Describe()}");
        for (var i = 0; i < EventLoops.Get(_system).Count; i++)
        {
            var rented = await OnLoopAsync(i, static l => (l.Buffers.RentedBuffers, l.Buffers.RentedBytes));
            Assert.Equal((0L, 0L), rented);
            // The listeners are the sockets left.
            var listeners = Host.Listeners.Count + (Host.RelayEndPoint is null ? 0 : 1);
            await UntilAsync(() => EventLoops.Get(_system).Loop(i).Counters.OpenSockets <= listeners, $"loop {i} has its listeners only");
        }

        await TerminateAsync();
    }

    /// <summary>A gateway beside the one that is measured may keep sockets without a connection, to connect them again.</summary>
    private static readonly HashSet<ActorSystem> Running = [];

    private static long KeptSockets()
    {
        lock (Running)
        {
            return Running
                .Select(static system => EventLoops.Get(system))
                .Sum(static loops => Enumerable.Range(0, loops.Count).Sum(i => loops.Loop(i).Counters.KeptSockets));
        }
    }

    /// <summary>Sockets (without <see cref="KeptSockets"/>), epoll sets and eventfds. Files and pipes are left out: the runtime opens them for assemblies, the console and child processes.</summary>
    private static long Descriptors() =>
        Directory
            .EnumerateFileSystemEntries("/proc/self/fd")
            .Count(static fd =>
                new FileInfo(fd).LinkTarget is { } target
                && (target.StartsWith("socket:", StringComparison.Ordinal) || target.StartsWith("anon_inode:", StringComparison.Ordinal))
            ) - KeptSockets();

    private sealed class Work(Action run) : IThreadPoolWorkItem
    {
        public void Execute() => run();
    }
}
