using TlsGateway.Tls.Tickets;

namespace TlsGateway.Actors.Relaying;

/// <summary>The relay keys of the moment. Set by one thread at a time, read by any.</summary>
public sealed class RelayKeyRing
{
    private volatile RelayKey[] _keys = [];
    private volatile RelayKey? _sealing;
    private RelayKey[] _dropped = [];

    /// <summary>Authenticates what is sent; null: nothing is relayed.</summary>
    public RelayKey? Sealing => _sealing;

    /// <summary>Goes by other keys from here on. Those that went at the change before are overwritten: a handshake lasts a second, keys change in hours.</summary>
    /// <param name="keys">That are believed, as ticket keys; not kept.</param>
    /// <param name="sealing">The place of the one that every member has; -1: none yet.</param>
    public void Use(IReadOnlyList<TicketKey> keys, int sealing)
    {
        var before = _keys;
        // A key that was there keeps its object, which may be in use.
        var next = keys.Select(key => Find(key.Name) ?? RelayKey.From(key)).ToArray();
        _keys = next;
        _sealing = sealing < 0 ? null : next[sealing];
        var gone = before.Except(next).ToArray();
        if (gone.Length == 0)
            return;
        foreach (var key in _dropped)
            key.Clear();
        _dropped = gone;
    }

    /// <summary>Null: it is not one of the moment.</summary>
    public RelayKey? Find(ReadOnlySpan<byte> name)
    {
        foreach (var key in _keys)
        {
            if (key.Name.SequenceEqual(name))
                return key;
        }

        return null;
    }
}
