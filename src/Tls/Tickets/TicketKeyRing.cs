namespace TlsGateway.Tls.Tickets;

/// <summary>
/// The ticket keys of one listener (or of all): the newest seals, all open. Replaced as a whole, so that a reader sees one generation. Any thread; reading takes no lock and
/// allocates nothing.
/// </summary>
public sealed class TicketKeyRing
{
    /// <summary>More old keys than this are dropped: each is a key whose theft opens recorded TLS 1.2 sessions.</summary>
    public const int MaxKeys = 8;

    private volatile TicketKey[] _keys;

    /// <param name="keys">Newest first; 1 to <see cref="MaxKeys"/>.</param>
    public TicketKeyRing(params IReadOnlyList<TicketKey> keys) => _keys = Checked(keys);

    /// <summary>The key that seals.</summary>
    public TicketKey Newest => _keys[0];

    /// <summary>Newest first.</summary>
    public IReadOnlyList<TicketKey> Keys => _keys;

    /// <summary>The key called <paramref name="name"/>. <paramref name="isNewest"/> false: the ticket is good, and a new one should be given.</summary>
    public bool TryFind(ReadOnlySpan<byte> name, out TicketKey key, out bool isNewest)
    {
        TicketKey[] keys = _keys;
        for (int i = 0; i < keys.Length; i++)
        {
            // Names are public: no constant time needed.
            if (keys[i].Name.SequenceEqual(name))
            {
                key = keys[i];
                isNewest = i == 0;
                return true;
            }
        }
        key = keys[0];
        isNewest = false;
        return false;
    }

    /// <summary>Puts <paramref name="newest"/> in front and keeps <paramref name="previous"/> of the old ones for opening.</summary>
    public void Rotate(TicketKey newest, int previous = 1)
    {
        ArgumentNullException.ThrowIfNull(newest);
        ArgumentOutOfRangeException.ThrowIfNegative(previous);
        TicketKey[] old = _keys;
        Replace([newest, .. old.Take(Math.Min(previous, MaxKeys - 1))]);
    }

    /// <summary>Takes a whole new set, newest first.</summary>
    public void Replace(IReadOnlyList<TicketKey> keys) => _keys = Checked(keys);

    private static TicketKey[] Checked(IReadOnlyList<TicketKey> keys)
    {
        ArgumentNullException.ThrowIfNull(keys);
        ArgumentOutOfRangeException.ThrowIfZero(keys.Count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(keys.Count, MaxKeys);
        return [.. keys];
    }
}
