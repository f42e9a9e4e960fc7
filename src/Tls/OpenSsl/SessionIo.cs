using System.Runtime.InteropServices;

namespace TlsGateway.Tls.OpenSsl;

/// <summary>Which of <see cref="TlsLimits"/> was broken; the names are the limits' names.</summary>
internal enum BrokenLimit
{
    None,
    MaxHandshakeBytes,
    MaxRecordsWithoutData,
    MaxKeyUpdates,
    MaxWarnings,
    MaxRehandshakes,
    MaxClientRehandshakes,
}

/// <summary>
/// What the BIO and info callbacks of one session share with it. Native memory, so that the callbacks run without touching managed objects; they use
/// <see cref="Owner"/> only to rent output memory. Lives from the session's constructor to its Dispose.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct SessionIo
{
    public CiphertextBuffer Rx;
    public CiphertextBuffer Tx;

    /// <summary>Application data decrypted while a renegotiation was driven by a call other than Read; Read gives it out first.</summary>
    public CiphertextBuffer Plain;

    /// <summary>What <see cref="RecordLayer"/> protects records with, once it took over from OpenSSL: received, sent.</summary>
    public RecordKeys RxKeys;
    public RecordKeys TxKeys;

    /// <summary>For keying material once the SSL is freed.</summary>
    public ExporterSecret Exporter;

    /// <summary>Of TLS 1.2, for an alert.</summary>
    public KeyBlock KeyBlock;

    public RecordTracker RxTracker;
    public RecordTracker TxTracker;
    public TlsCounters Counters;

    /// <summary>GCHandle of the <see cref="OpenSslSession"/>.</summary>
    public nint Owner;

    public int MaxHandshakeBytes;
    public int MaxRecordsWithoutData;
    public int MaxKeyUpdates;
    public int MaxWarnings;
    public int MaxRehandshakes;
    public int RehandshakesBegun;
    public int MaxClientRehandshakes;
    public int ClientRehandshakesBegun;

    public BrokenLimit Limit;

    /// <summary>The last alert sent (not close_notify), or -1.</summary>
    public int AlertSent;

    /// <summary>TLS 1.3 secrets are kept: records will be ours.</summary>
    public bool TakesTrafficSecrets;

    public bool Eof;
    public bool HandshakeComplete;

    /// <summary>A TLS 1.2 renegotiation was asked for or is running.</summary>
    public bool Rehandshaking;

    /// <summary>The running call is SSL_read, which may meet application data.</summary>
    public bool Reading;

    /// <summary>The input was withheld because its next record is application data, which only SSL_read can take.</summary>
    public bool DataIsNext;

    /// <summary>Keeps what OpenSSL derived if it is a server's traffic secret (RFC 8446 §7.1).</summary>
    public void TakeSecret(ReadOnlySpan<byte> label, ReadOnlySpan<byte> secret)
    {
        if (!TakesTrafficSecrets)
        {
            return;
        }
        if (label.SequenceEqual("c ap traffic"u8))
        {
            RxKeys.TakeSecret(secret);
        }
        else if (label.SequenceEqual("s ap traffic"u8))
        {
            TxKeys.TakeSecret(secret);
        }
        else if (label.SequenceEqual("exp master"u8))
        {
            Exporter.TakeSecret(secret);
        }
    }
}
