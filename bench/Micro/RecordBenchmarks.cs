using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using BenchmarkDotNet.Attributes;
using TlsGateway.Actors.Buffers;
using TlsGateway.Tls;
using TlsGateway.Tls.OpenSsl;
using TlsGateway.Transport;

namespace TlsGateway.Micro;

/// <summary>One record from client to server and one back, both sessions' cost together: the gateway pays the server's half.</summary>
[MemoryDiagnoser]
public class RecordBenchmarks
{
    private readonly byte[] _read = new byte[64 * 1024];
    private byte[] _data = [];
    private ITlsSession? _client;
    private ITlsSession? _server;

    [Params(1024, 16384)]
    public int Bytes { get; set; }

    [Params(TlsVersion.Tls12, TlsVersion.Tls13)]
    public TlsVersion Version { get; set; }

    [GlobalSetup]
    public void Handshake()
    {
        var pool = new AppDataPool(new LoopBufferPool(16 << 20));
        using var server = OpenSslContext.CreateServer(new TlsServerSettings { Certificates = [Certificate()], MaximumVersion = Version });
        using var client = OpenSslContext.CreateClient(new TlsClientSettings { MaximumVersion = Version });
        _server = server.CreateSession(pool);
        _client = client.CreateSession(pool);
        _data = new byte[Bytes];
        while (_client.Handshake() != TlsStatus.Done | _server.Handshake() != TlsStatus.Done)
        {
            Move(_client, _server);
            Move(_server, _client);
        }
    }

    [Benchmark]
    public int There_and_back() => Pass(_client!, _server!) + Pass(_server!, _client!);

    private int Pass(ITlsSession from, ITlsSession to)
    {
        from.Write(_data, out _);
        Move(from, to);
        to.Read(_read, out var read);
        return read;
    }

    private static void Move(ITlsSession from, ITlsSession to)
    {
        var pending = from.TxPending;
        if (pending.IsEmpty)
            return;
        pending.CopyTo(to.RxFree);
        to.RxCommit(pending.Length);
        from.TxConsume(pending.Length);
    }

    private static TlsCertificate Certificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=bench", key, HashAlgorithmName.SHA256);
        using var certificate = request.CreateSelfSigned(
            new DateTimeOffset(2020, 1, 1, 0, 0, 0, TimeSpan.Zero),
            new DateTimeOffset(2099, 1, 1, 0, 0, 0, TimeSpan.Zero)
        );
        return new TlsCertificate("bench.pem", certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
    }
}
