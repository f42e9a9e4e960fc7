namespace TlsGateway.Actors.Relaying;

/// <summary>What a loop counts of relayed connections. Written by its thread, read by any.</summary>
internal sealed class RelayCounters
{
    private static readonly int s_outcomes = Enum.GetValues<RelayOutcome>().Length;

    private readonly long[] _sent = new long[s_outcomes];
    private readonly long[] _received = new long[s_outcomes];

    /// <summary>Connections that go on to another member through here.</summary>
    public long Open;

    /// <summary>Bytes from clients to members, and back.</summary>
    public long ToMembers;
    public long FromMembers;

    /// <summary>That were to be relayed from here.</summary>
    public long Sent(RelayOutcome outcome) => Volatile.Read(ref _sent[(int)outcome]);

    /// <summary>That came to this relay port.</summary>
    public long Received(RelayOutcome outcome) => Volatile.Read(ref _received[(int)outcome]);

    public void CountSent(RelayOutcome outcome) => _sent[(int)outcome]++;

    public void CountReceived(RelayOutcome outcome) => _received[(int)outcome]++;
}
