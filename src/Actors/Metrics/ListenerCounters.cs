using TlsGateway.Actors.Stalls;
using TlsGateway.Tls;

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

    /// <summary>What finished handshakes came to.</summary>
    public NegotiatedCounts Negotiated { get; } = new();

    /// <summary>Where durations are recorded; null: nowhere.</summary>
    internal EventHistograms? Events { get; init; }

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

    /// <summary>Of finished first handshakes, nanoseconds: in which the client was waited for.</summary>
    public long HandshakeClientNanos;

    /// <summary>In which the engine worked.</summary>
    public long HandshakeEngineNanos;

    /// <summary>In which the client's certificate was looked up.</summary>
    public long HandshakeLookUpNanos;

    /// <summary>The rest: other connections had their turn, and the gateway's own work around the engine.</summary>
    public long HandshakeQueueNanos;

    public long ReceivedRecords;
    public long SentRecords;

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

    internal void CountHandshake(TlsEngine engine, TlsSessionInfo negotiated, bool tls13)
    {
        Negotiated.Count(engine, negotiated);
        switch (tls13, negotiated.IsResumed)
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

    /// <summary>A first handshake is over, in so many nanoseconds.</summary>
    internal void CountHandshakeTime(bool tls13, bool resumed, long nanos, long client, long engine, long lookUp)
    {
        HandshakeClientNanos += client;
        HandshakeEngineNanos += engine;
        HandshakeLookUpNanos += lookUp;
        HandshakeQueueNanos += Math.Max(0, nanos - client - engine - lookUp);
        Events?.RecordHandshake(Listener, tls13, resumed, nanos);
    }

    /// <summary>What the loops of one listener count together.</summary>
    public sealed class Shared
    {
        private long _open;

        public long Open => Volatile.Read(ref _open);

        internal void Add(int connections) => Interlocked.Add(ref _open, connections);
    }
}
