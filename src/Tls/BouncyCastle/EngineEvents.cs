using Org.BouncyCastle.Tls;

namespace TlsGateway.Tls.BouncyCastle;

/// <summary>What BouncyCastle's callbacks saw during one call, for the session that made the call; and the bounds that only they can hold.</summary>
internal sealed partial class EngineEvents(TlsLimits limits)
{
    /// <summary>A KeyUpdate more is allowed for each so many records, since a fast sender renews its keys often.</summary>
    private const int RecordsPerKeyUpdate = 1024;

    public TlsCounters Counters;
    private int _refusedRehandshakes;

    public bool IsHandshakeComplete { get; set; }

    public bool IsPeerClosed { get; set; }

    public short AlertSent { get; private set; } = -1;

    /// <summary>What our own code refused and why, known better than the alert tells.</summary>
    public TlsFailure Cause { get; private set; } = TlsFailure.None;

    public TlsSessionInfo? Info { get; set; }

    /// <summary>BouncyCastle keeps the group of TLS 1.3 only; -1: not known.</summary>
    public int Tls12Group { get; set; } = -1;

    public bool IsTls13 { get; set; }

    /// <summary>Null before the handshake is complete, and where nothing may be exported.</summary>
    public SessionExporter? Exporter { get; private set; }

    /// <summary>While early data may come; null: the client has not said that it sends any, or it has ended.</summary>
    public EarlyDataFilter? EarlyData { get; set; }

    /// <summary>NewSessionTicket messages that have not been sent.</summary>
    public Queue<byte[]> OwedTickets { get; } = new();

    public IReadOnlyList<byte[]> PeerChain { get; set; } = [];

    public ClientCertificates.TlsPeerCertificate? PeerCertificate { get; set; }

    public void OnAlertReceived(short level, short description)
    {
        if (level == AlertLevel.warning && description != AlertDescription.close_notify && ++Counters.RxWarnings > limits.MaxWarnings)
        {
            throw Exceeded(nameof(TlsLimits.MaxWarnings));
        }
    }

    public void OnAlertSent(short level, short description)
    {
        if (level == AlertLevel.fatal)
        {
            AlertSent = description;
        }
    }

    public void OnKeyUpdateReceived()
    {
        Counters.RxRecordsSinceKey = 0;
        if (++Counters.RxKeyUpdates > limits.MaxKeyUpdates + (Counters.RxRecords / RecordsPerKeyUpdate))
        {
            throw Exceeded(nameof(TlsLimits.MaxKeyUpdates));
        }
    }

    public void OnKeyUpdateSent()
    {
        Counters.TxKeyUpdates++;
        Counters.TxRecordsSinceKey = 0;
    }

    public void OnRehandshakeRefused()
    {
        if (++_refusedRehandshakes > limits.MaxClientRehandshakes)
        {
            throw Exceeded(nameof(TlsLimits.MaxClientRehandshakes));
        }
    }

    /// <summary>Remembers the cause and makes the exception that carries its alert through BouncyCastle.</summary>
    public TlsFatalAlert Refuse(TlsFailureKind kind, short alert, string detail)
    {
        Cause = new TlsFailure(kind, alert, detail);
        return new TlsFatalAlert(alert, detail);
    }

    private TlsFatalAlert Exceeded(string limit)
    {
        Cause = new TlsFailure(TlsFailureKind.LimitExceeded, -1, limit);
        return new TlsFatalAlert(AlertDescription.unexpected_message, limit);
    }
}
