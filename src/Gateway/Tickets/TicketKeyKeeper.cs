using TlsGateway.Fleet.TicketKeys;
using TlsGateway.Gateway.Files;
using TlsGateway.Gateway.Hosting;
using TlsGateway.Tls.Tickets;

namespace TlsGateway.Gateway.Tickets;

/// <summary>
/// Keeps the process's ticket keys: makes and rotates them, or takes them from the fleet, or from a file and looks whether it changed. One ring for all listeners; sessions are told apart by their
/// scope. Keys are in memory only, and are overwritten once no handshake can still be using them.
/// </summary>
/// <remarks>Calls come one at a time; the timer's work and they exclude each other.</remarks>
internal sealed class TicketKeyKeeper : IDisposable
{
    /// <summary>How often a key file is looked at.</summary>
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(10);

    /// <summary>So many times as old as it should be, a fleet's key is followed by one of our own.</summary>
    private const int FleetPatience = 3;

    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly ITimer _timer;
    private readonly Lock _lock = new();
    private TicketKeySettings? _settings;
    private FileState _seen;
    private volatile FleetKeySet? _fleet;

    /// <summary>How long a handshake may still be using a key after it left the ring: far longer than sealing a ticket takes.</summary>
    private static readonly TimeSpan MayBeInUse = TimeSpan.FromSeconds(10);

    /// <summary>Out of the ring since these times; a later change overwrites those that nobody can be using any more.</summary>
    private readonly List<(TicketKey Key, long Since)> _dropped = [];

    public TicketKeyKeeper(TimeProvider time, ILogger log)
    {
        _time = time;
        _log = log;
        NewestSince = time.GetUtcNow();
        _timer = time.CreateTimer(_ => OnTimer(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public TicketKeyRing Ring { get; } = new(TicketKey.Create());

    /// <summary>When the newest key came into use.</summary>
    public DateTimeOffset NewestSince { get; private set; }

    /// <summary>Of the fleet's keys that are in the ring; 0: none are.</summary>
    public long FleetVersion => _fleet?.Version ?? 0;

    /// <summary>The fleet's key that seals; null: none does.</summary>
    public FleetKey? FleetKey => _fleet?.Sealing;

    /// <summary>Whose key seals: fleet, file or own.</summary>
    public string Source =>
        _settings is { File: not null } ? "file"
        : FleetKey is { } key && key.Key.IsSameAs(Ring.Newest) ? "fleet"
        : "own";

    /// <summary>
    /// The fleet's keys, from here on: the one that seals there seals here. Keys of before go on opening what they sealed, as many as there is room for. Nothing happens where a file has the keys.
    /// </summary>
    /// <param name="set">Its keys are copied: it lives with whoever gave it.</param>
    public void UseFleet(FleetKeySet set)
    {
        lock (_lock)
        {
            if (_settings is { File: not null })
            {
                return;
            }
            var before = Ring.Keys;
            var theirs = set.Keys.Select(key => before.FirstOrDefault(key.Key.IsSameAs) ?? TicketKey.From(key.Key.Whole)).ToList();
            List<TicketKey> next = set.Sealing is null ? [before[0], .. theirs] : [theirs[set.SealingPlace], .. theirs];
            Ring.Replace([.. next.Concat(before).Distinct().Take(TicketKeyRing.MaxKeys)]);
            Drop(before);
            _fleet = set;
            if (set.Sealing is { } sealing)
            {
                NewestSince = sealing.Made;
            }
        }
    }

    /// <summary>Goes by <paramref name="settings"/> from here on. Keys that are there go on, unless a file has others.</summary>
    /// <exception cref="IOException">The file cannot be used; nothing has changed.</exception>
    public void Use(TicketKeySettings settings)
    {
        lock (_lock)
        {
            if (settings.File is { } file)
            {
                var look = FileState.Of(file);
                var keys = TicketKeyFile.Read(file, out var problem) ?? throw new IOException($"ticketKeys.file is '{file}', {problem}.");
                _seen = look;
                Take(keys);
                Schedule(LookEvery);
            }
            else if (_settings != settings)
            {
                Schedule(settings.RotateEvery);
            }
            _settings = settings;
        }
    }

    public void Dispose()
    {
        _timer.Dispose();
        lock (_lock)
        {
            _dropped.ForEach(static dropped => dropped.Key.Clear());
            _dropped.Clear();
        }
    }

    private void OnTimer()
    {
        lock (_lock)
        {
            if (_settings is { File: null } own)
            {
                if (IsKeptByFleet(own))
                {
                    return;
                }
                var before = Ring.Keys;
                Ring.Rotate(TicketKey.Create(), own.Keep);
                Drop(before);
                _log.TicketKeyRotated(Ring.Keys.Count - 1);
            }
            else if (_settings is { File: { } file })
            {
                ReadAgain(file);
            }
        }
    }

    /// <summary>Not when the fleet's key is far older than it should be: then the fleet is gone, or does not get all its members to agree.</summary>
    private bool IsKeptByFleet(TicketKeySettings own) =>
        Source == "fleet" && _time.GetUtcNow() - NewestSince < own.RotateEvery * FleetPatience;

    private void ReadAgain(string file)
    {
        var look = FileState.Of(file);
        if (look == _seen)
        {
            return;
        }
        // Whatever comes of it: the same file is not complained of every ten seconds.
        _seen = look;
        if (TicketKeyFile.Read(file, out var problem) is { } keys)
        {
            Take(keys);
            _log.TicketKeysRead(file, keys.Count);
        }
        else
        {
            _log.TicketKeysRefused(file, problem);
        }
    }

    private void Take(IReadOnlyList<TicketKey> keys)
    {
        var before = Ring.Keys;
        List<TicketKey> next = [];
        foreach (var key in keys)
        {
            // A key that was there before keeps its object, whose content is in use.
            if (before.FirstOrDefault(key.IsSameAs) is { } same)
            {
                key.Clear();
                next.Add(same);
            }
            else
            {
                next.Add(key);
            }
        }
        Ring.Replace(next);
        Drop(before);
    }

    private void Drop(IReadOnlyList<TicketKey> before)
    {
        if (before[0] != Ring.Newest)
        {
            NewestSince = _time.GetUtcNow();
        }
        var now = Ring.Keys;
        var gone = before.Where(key => !now.Contains(key)).ToList();
        foreach (var (key, _) in _dropped.Where(IsUnused).ToList())
        {
            key.Clear();
        }
        _dropped.RemoveAll(IsUnused);
        _dropped.AddRange(gone.Select(key => (key, _time.GetTimestamp())));
    }

    private bool IsUnused((TicketKey Key, long Since) dropped) => _time.GetElapsedTime(dropped.Since) >= MayBeInUse;

    private void Schedule(TimeSpan every) => _timer.Change(every, every);
}
