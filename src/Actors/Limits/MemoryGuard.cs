using Microsoft.Extensions.Logging;
using TlsGateway.Actors.Settings;
using TlsGateway.Transport;

namespace TlsGateway.Actors.Limits;

/// <summary>Looks at the process's memory several times a second and says what is to be done about it.</summary>
internal sealed partial class MemoryGuard : IDisposable
{
    internal static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    /// <summary>Per cent below which a level is left.</summary>
    private const int Hysteresis = 2;

    /// <summary>A collection stops all threads for some milliseconds: the next one comes after this time, and after twice the time that it was when it gave little.</summary>
    private const long ShortestPause = 5_000;
    private const long LongestPause = 60_000;

    private readonly ProcessResources _resources;
    private readonly Action<bool> _giveBack;
    private readonly ILogger _log;
    private readonly ManualResetEvent _stopped = new(initialState: false);
    private readonly UnusedPages _unused = new();
    private volatile Watched _watched;
    private long _collected = long.MinValue / 2;
    private long _pause = ShortestPause;

    /// <param name="resources">Is told.</param>
    /// <param name="giveBack">Called at each look at which buffers are to be given back; with true: and idle connections closed.</param>
    /// <param name="log">Gets a line when the level changes.</param>
    public MemoryGuard(ProcessResources resources, Action<bool> giveBack, ILogger log)
    {
        (_resources, _giveBack, _log) = (resources, giveBack, log);
        _watched = new Watched(new MemorySettings(), MemoryUse.Find(0));
        // A thread of its own: one of the pool's, woken four times a second, looks for more work each time and costs a hundredth of a core by that.
        new Thread(Watch) { IsBackground = true, Name = "gateway.memory" }.Start();
    }

    /// <summary>A reload's.</summary>
    public void Use(MemorySettings settings)
    {
        if (settings != _watched.Settings)
            _watched = new Watched(settings, MemoryUse.Find(settings.Limit));
    }

    /// <summary>The thread ends at its next look.</summary>
    public void Dispose() => _stopped.Set();

    private void Watch()
    {
        var watched = _watched;
        while (!_stopped.WaitOne(Interval))
        {
            // Only this thread reads, so only it may close what it has open.
            if (watched != _watched)
            {
                watched.Use.Dispose();
                watched = _watched;
            }

            Look(watched.Settings, watched.Use);
            _unused.Look();
        }

        watched.Use.Dispose();
        _stopped.Dispose();
    }

    private void Look(MemorySettings settings, MemoryUse use)
    {
        var used = use.Read(little: use.Limit / 100 * (settings.RefuseAt - Hysteresis));
        (_resources.MemoryUsed, _resources.MemoryLimit) = (used, use.Limit);
        var level = LevelOf(used, use.Limit, settings, _resources.Memory);
        if (level != _resources.Memory)
        {
            _resources.Memory = level;
            Changed(_log, level, used / (1024 * 1024), use.Limit / (1024 * 1024));
        }

        if (level == MemoryLevel.Normal)
            return;
        _giveBack(level == MemoryLevel.ClosingIdle);
        Collect(used, use);
    }

    /// <summary>What is free in the process is given back to the system, else connections that ended would go on counting.</summary>
    private void Collect(long used, MemoryUse use)
    {
        var now = Environment.TickCount64;
        if (now - _collected < _pause)
            return;
        _collected = now;
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        NativeHeap.Trim();
        var gaveLittle = used - use.Read() < use.Limit / 50;
        _pause = gaveLittle ? Math.Min(_pause * 2, LongestPause) : ShortestPause;
    }

    /// <summary>A level is left two per cent below where it begins, so that it does not flutter.</summary>
    internal static MemoryLevel LevelOf(long used, long limit, MemorySettings settings, MemoryLevel before)
    {
        var percent = (double)used * 100 / limit;
        if (percent >= settings.CloseIdleAt - (before == MemoryLevel.ClosingIdle ? Hysteresis : 0))
            return MemoryLevel.ClosingIdle;
        return percent >= settings.RefuseAt - (before == MemoryLevel.Normal ? 0 : Hysteresis) ? MemoryLevel.Refusing : MemoryLevel.Normal;
    }

    [LoggerMessage(140, LogLevel.Warning, "memory: {Level}, {Used} of {Limit} MiB are used")]
    private static partial void Changed(ILogger log, MemoryLevel level, long used, long limit);

    private sealed record Watched(MemorySettings Settings, MemoryUse Use);
}
