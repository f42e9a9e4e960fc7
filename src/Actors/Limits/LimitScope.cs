using TlsGateway.Actors.Settings;

namespace TlsGateway.Actors.Limits;

/// <summary>What connections of one scope have taken of its limits. Lives across reloads, which change the limits and forget nothing. Any thread.</summary>
internal sealed class LimitScope
{
    private LimitSettings _settings = LimitSettings.None;
    private int _open;
    private int _elsewhere;
    private int _handshakes;

    public RateBucket ConnectionRate { get; } = new();

    public RateBucket HandshakeRate { get; } = new();

    public RateBucket ReceiveRate { get; } = new();

    public RateBucket SendRate { get; } = new();

    /// <summary>Connections open.</summary>
    public int Open => Volatile.Read(ref _open);

    /// <summary>Connections of it that other members of the fleet have open, as far as they said: they count as those here.</summary>
    public int Elsewhere
    {
        get => Volatile.Read(ref _elsewhere);
        set => Volatile.Write(ref _elsewhere, value);
    }

    public void Use(LimitSettings settings)
    {
        if (ReferenceEquals(Volatile.Read(ref _settings), settings))
            return;
        Volatile.Write(ref _settings, settings);
        ConnectionRate.Rate = settings.ConnectionRate;
        HandshakeRate.Rate = settings.HandshakeRate;
        ReceiveRate.Rate = settings.ReceiveRate;
        SendRate.Rate = settings.SendRate;
    }

    /// <summary>Takes a place for one connection.</summary>
    public LimitVerdict TryEnter(long now)
    {
        var maximum = Volatile.Read(ref _settings).Connections;
        if (Interlocked.Increment(ref _open) > maximum - Elsewhere && maximum != 0)
        {
            Leave();
            return LimitVerdict.TooMany;
        }

        if (ConnectionRate.TryTake(now))
            return LimitVerdict.Admitted;
        Leave();
        return LimitVerdict.TooFast;
    }

    public void Leave() => Interlocked.Decrement(ref _open);

    /// <summary>A full handshake began (1), or was none after all (-1).</summary>
    public void CountHandshake(int change) => Interlocked.Add(ref _handshakes, change);

    /// <summary>Handshakes since the last time it was asked.</summary>
    public int TakeHandshakes()
    {
        var taken = Volatile.Read(ref _handshakes);
        // Below 0: some that were told of before were none after all. They go off the next.
        if (taken <= 0)
            return 0;
        Interlocked.Add(ref _handshakes, -taken);
        return taken;
    }

    /// <summary>Nothing is taken of it: it may be forgotten.</summary>
    public bool IsIdle(long now) =>
        Open == 0
        && Elsewhere == 0
        && ConnectionRate.IsFull(now)
        && HandshakeRate.IsFull(now)
        && ReceiveRate.IsFull(now)
        && SendRate.IsFull(now);
}

/// <summary>What a scope says to a connection.</summary>
internal enum LimitVerdict
{
    Admitted,
    TooMany,
    TooFast,
}
