using TlsGateway.Actors.Stalls;

namespace TlsGateway.Actors.Metrics;

/// <summary>
/// Counts of one listener on one loop. Plain fields, written by the loop's thread only; other threads read them, each whole but not all of one instant.
/// </summary>
public sealed class ListenerCounters(string listener, int loop, ListenerCounters.Shared shared)
{
    private readonly long[] _closed = new long[Enum.GetValues<CloseReason>().Length];
    private readonly long[] _refused = new long[Enum.GetValues<CloseReason>().Length];
    private readonly long[] _handshakeFailures = new long[Enum.GetValues<CloseReason>().Length];

    private readonly long[] _alertsReceived = new long[256];
    private readonly long[] _alertsSent = new long[256];

    public string Listener { get; } = listener;

    public int Loop { get; } = loop;

    public StallTotals Stalls { get; } = new();

    /// <summary>Connections open on this listener, all loops together; the limit is the listener's, not the loop's.</summary>
    public long OpenEverywhere => shared.Open;

    public long Accepted;
    public long Open;
    public long AcceptErrors;

    public long FullTls12;
    public long FullTls13;
    public long ResumedTls12;
    public long ResumedTls13;
    public long Rehandshakes;
    public long KeyUpdatesReceived;

    public long DownstreamReceivedBytes;
    public long DownstreamSentBytes;
    public long UpstreamReceivedBytes;
    public long UpstreamSentBytes;

    public long Closed(CloseReason reason) => Volatile.Read(ref _closed[(int)reason]);

    /// <summary>Connections that were refused before any cryptography.</summary>
    public long Refused(CloseReason reason) => Volatile.Read(ref _refused[(int)reason]);

    public long HandshakeFailures(CloseReason reason) => Volatile.Read(ref _handshakeFailures[(int)reason]);

    /// <summary>Connections that ended by this alert (AlertDescription) of the client's.</summary>
    public long AlertsReceived(byte alert) => Volatile.Read(ref _alertsReceived[alert]);

    /// <summary>Connections that the gateway ended with this alert.</summary>
    public long AlertsSent(byte alert) => Volatile.Read(ref _alertsSent[alert]);

    internal void CountAlert(int alert, bool received) => (received ? _alertsReceived : _alertsSent)[(byte)alert]++;

    internal void Opened()
    {
        Open++;
        shared.Add(1);
    }

    internal void Ended()
    {
        Open--;
        shared.Add(-1);
    }

    internal void CountClosed(CloseReason reason) => _closed[(int)reason]++;

    internal void CountRefused(CloseReason reason) => _refused[(int)reason]++;

    internal void CountHandshakeFailure(CloseReason reason) => _handshakeFailures[(int)reason]++;

    internal void CountHandshake(bool tls13, bool resumed)
    {
        switch (tls13, resumed)
        {
            case (true, false):
                FullTls13++;
                break;
            case (true, true):
                ResumedTls13++;
                break;
            case (false, false):
                FullTls12++;
                break;
            case (false, true):
                ResumedTls12++;
                break;
        }
    }

    /// <summary>What the loops of one listener count together.</summary>
    public sealed class Shared
    {
        private long _open;

        public long Open => Volatile.Read(ref _open);

        internal void Add(int connections) => Interlocked.Add(ref _open, connections);
    }
}
