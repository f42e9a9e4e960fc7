using TlsGateway.Actors.Settings;

namespace TlsGateway.Actors.Limits;

/// <summary>What connections of one scope have taken of its limits. Lives across reloads, which change the limits and forget nothing. Any thread.</summary>
internal sealed class LimitScope
{
    private LimitSettings _settings = LimitSettings.None;
    private int _open;

    public RateBucket ConnectionRate { get; } = new();

    public RateBucket HandshakeRate { get; } = new();

    public RateBucket ReceiveRate { get; } = new();

    public RateBucket SendRate { get; } = new();

    /// <summary>Connections open.</summary>
    public int Open => Volatile.Read(ref _open);

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
        if (Interlocked.Increment(ref _open) > maximum && maximum != 0)
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

    /// <summary>Nothing is taken of it: it may be forgotten.</summary>
    public bool IsIdle(long now) =>
        Open == 0 && ConnectionRate.IsFull(now) && HandshakeRate.IsFull(now) && ReceiveRate.IsFull(now) && SendRate.IsFull(now);
}

/// <summary>What a scope says to a connection.</summary>
internal enum LimitVerdict
{
    Admitted,
    TooMany,
    TooFast,
}
