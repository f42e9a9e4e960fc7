using System.Collections.Concurrent;

namespace TlsGateway.Actors.Relaying;

/// <summary>What a loop counts of relayed connections. Written by its thread, read by any.</summary>
internal sealed class RelayCounters
{
    private static readonly int s_outcomes = Enum.GetValues<RelayOutcome>().Length;

    private readonly long[] _sent = new long[s_outcomes];
    private readonly long[] _received = new long[s_outcomes];
    private readonly ConcurrentDictionary<string, long> _openTo = new(StringComparer.Ordinal);

    /// <summary>Connections that go on to another member through here.</summary>
    public long Open;

    /// <summary>The same for each member that has some.</summary>
    public IEnumerable<KeyValuePair<string, long>> OpenTo => _openTo;

    /// <summary>Bytes from clients to members, and back.</summary>
    public long ToMembers;
    public long FromMembers;

    /// <summary>That were to be relayed from here.</summary>
    public long Sent(RelayOutcome outcome) => Volatile.Read(ref _sent[(int)outcome]);

    /// <summary>That came to this relay port.</summary>
    public long Received(RelayOutcome outcome) => Volatile.Read(ref _received[(int)outcome]);

    public void Opened(string member)
    {
        Open++;
        _openTo[member] = _openTo.GetValueOrDefault(member) + 1;
    }

    public void Closed(string member)
    {
        Open--;
        // A member that has none is forgotten: they come and go.
        if (_openTo.GetValueOrDefault(member) is var open and > 1)
            _openTo[member] = open - 1;
        else
            _openTo.TryRemove(member, out _);
    }

    public void CountSent(RelayOutcome outcome) => _sent[(int)outcome]++;

    public void CountReceived(RelayOutcome outcome) => _received[(int)outcome]++;
}
