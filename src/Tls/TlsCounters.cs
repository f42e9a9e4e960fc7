namespace TlsGateway.Tls;

/// <summary>Running counts of one session. "Since data" counts restart with each record that carried application data; "since key" with each new key.</summary>
public struct TlsCounters
{
    /// <summary>Records received, all content types.</summary>
    public long RxRecords;

    /// <summary>Records received since the last byte of application data: empty records, warnings, KeyUpdates, tickets.</summary>
    public int RxRecordsSinceData;

    /// <summary>Ciphertext bytes received before the first handshake ended, or since the running rehandshake began.</summary>
    public long RxHandshakeBytes;

    /// <summary>KeyUpdate messages received.</summary>
    public int RxKeyUpdates;

    /// <summary>KeyUpdate messages sent.</summary>
    public int TxKeyUpdates;

    /// <summary>Rehandshakes that ended well.</summary>
    public int Rehandshakes;

    /// <summary>Warning alerts received, close_notify not among them.</summary>
    public int RxWarnings;

    /// <summary>Records received under the present key.</summary>
    public long RxRecordsSinceKey;

    /// <summary>Records sent, all content types.</summary>
    public long TxRecords;

    /// <summary>Records sent under the present key.</summary>
    public long TxRecordsSinceKey;
}
