using Org.BouncyCastle.Tls;
using Org.BouncyCastle.Tls.Crypto;
using Org.BouncyCastle.Tls.Crypto.Impl.BC;
using TlsGateway.Tls.Tests.Contract;

namespace TlsGateway.Tls.Tests;

/// <summary>A BouncyCastle client against one of our servers, handshake done.</summary>
internal sealed class HostileClient : IDisposable
{
    private readonly TestPool _pool = new();
    private readonly RecordProtocol _protocol = new();
    private readonly AnyServerClient _client;
    private readonly byte[] _buffer = new byte[64 * 1024];
    private RecordSealer? _sealer;

    public HostileClient(TlsVersion version, TlsLimits? limits = null, int[]? suites = null, bool ownsRecords = true)
        : this(SessionPair.ServerContext(version, limits, ownsRecords: ownsRecords), version, suites) { }

    public HostileClient(TlsEngine engine, TlsVersion version, TlsLimits? limits = null)
        : this(TlsEngines.CreateServer(engine, EnginePair.ServerSettings(version, limits)), version, suites: null) { }

    private HostileClient(ITlsContext context, TlsVersion version, int[]? suites)
    {
        Server = context.CreateSession(_pool);
        // The session keeps its context alive.
        context.Dispose();
        _client = new AnyServerClient(version, suites);
        _protocol.Connect(_client);
        for (int i = 0; i < 6; i++)
        {
            Deliver();
            Server.Handshake();
            byte[] answer = Server.TxPending.ToArray();
            Server.TxConsume(answer.Length);
            _protocol.OfferInput(answer);
        }
        Assert.True(Server.IsHandshakeComplete, Server.Failure.ToString());
    }

    public ITlsSession Server { get; }

    /// <summary>Makes the records that BouncyCastle does not. A test that takes one sends all its data by it: the two do not know of each other's records.</summary>
    public RecordSealer Sealer => _sealer ??= new RecordSealer(_client.TrafficSecret);

    public void SendRecord(short type, byte[] content) => _protocol.SendRecord(type, content);

    public void SendKeyUpdate() => _protocol.SendKeyUpdate(ask: false);

    public void AskForKeys() => _protocol.SendKeyUpdate(ask: true);

    /// <summary>What the client has received as application data so far and not given out.</summary>
    public byte[] Receive()
    {
        byte[] pending = Server.TxPending.ToArray();
        Server.TxConsume(pending.Length);
        _protocol.OfferInput(pending);
        byte[] data = new byte[_protocol.GetAvailableInputBytes()];
        _protocol.ReadInput(data, 0, data.Length);
        return data;
    }

    /// <summary>The fatal alert that the server has sent.</summary>
    public short ReceiveAlert() => Assert.Throws<TlsFatalAlertReceived>(() => Receive()).AlertDescription;

    /// <summary>Moves what was sent to the server and reads there.</summary>
    public TlsStatus Take(out byte[] data)
    {
        Deliver();
        TlsStatus status = Server.Read(_buffer, out int read);
        data = _buffer[..read];
        return status;
    }

    /// <summary>Gives the server these bytes and reads there, <paramref name="piece"/> bytes at a time, for as long as it says Done.</summary>
    public TlsStatus Take(ReadOnlySpan<byte> bytes, out byte[] data, int piece = 64 * 1024)
    {
        bytes.CopyTo(Server.RxFree);
        Server.RxCommit(bytes.Length);
        List<byte> received = [];
        TlsStatus status;
        do
        {
            status = Server.Read(_buffer.AsSpan(0, piece), out int read);
            received.AddRange(_buffer.AsSpan(0, read));
        } while (status == TlsStatus.Done);
        data = [.. received];
        return status;
    }

    public TlsStatus SendData()
    {
        _protocol.WriteApplicationData([1], 0, 1);
        return Take();
    }

    /// <summary>Repeats <paramref name="send"/>, with a byte of data after each if asked, until the server ends; returns how often.</summary>
    public int Flood(Action send, bool withData)
    {
        for (int sent = 1; sent <= 1000; sent++)
        {
            send();
            TlsStatus status = withData ? SendData() : Take();
            if (status == TlsStatus.Error)
            {
                return sent;
            }
        }
        return int.MaxValue;
    }

    public void AssertEnded(TlsFailureKind kind, string detail)
    {
        Assert.Equal((kind, detail), (Server.Failure.Kind, Server.Failure.Detail));
        Assert.Equal(TlsStatus.Error, Server.Read(_buffer, out _));
    }

    public void Dispose()
    {
        Server.Dispose();
        _pool.Dispose();
    }

    private TlsStatus Take()
    {
        Deliver();
        return Server.Read(_buffer, out _);
    }

    private void Deliver()
    {
        int length = _protocol.ReadOutput(_buffer, 0, _buffer.Length);
        _buffer.AsSpan(0, length).CopyTo(Server.RxFree);
        Server.RxCommit(length);
    }

    private sealed class RecordProtocol : TlsClientProtocol
    {
        public void SendRecord(short type, byte[] content) => SafeWriteRecord(type, content, 0, content.Length);

        public void SendKeyUpdate(bool ask) => Send13KeyUpdate(updateRequested: ask);
    }

    private sealed class AnyServerClient(TlsVersion version, int[]? suites) : DefaultTlsClient(new BcTlsCrypto())
    {
        /// <summary>client_application_traffic_secret_0, after the handshake.</summary>
        public TlsSecret TrafficSecret => m_context.SecurityParameters.TrafficSecretClient;

        public override TlsAuthentication GetAuthentication() => new TrustAll();

        protected override ProtocolVersion[] GetSupportedVersions() =>
            [version == TlsVersion.Tls13 ? ProtocolVersion.TLSv13 : ProtocolVersion.TLSv12];

        protected override int[] GetSupportedCipherSuites() => suites ?? base.GetSupportedCipherSuites();

        private sealed class TrustAll : TlsAuthentication
        {
            public TlsCredentials? GetClientCredentials(CertificateRequest certificateRequest) => null;

            public void NotifyServerCertificate(TlsServerCertificate serverCertificate) { }
        }
    }
}
