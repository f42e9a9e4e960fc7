using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using TlsGateway.Actors.Sessions;
using TlsGateway.Tls;
using TlsGateway.Tls.OpenSsl;

namespace TlsGateway.Actors.Tests.Sessions;

/// <summary>
/// The <see cref="SessionMachine"/> driven as the connection actor drives it, with the real engine on both sides and two <see cref="Wire"/>s for a socket. Nothing moves
/// unless the test moves it.
/// </summary>
internal sealed class EngineConnection : IDisposable
{
    private const int Credit = 256 * 1024;

    /// <summary>Far more than one event can lead to.</summary>
    private const int MostActions = 100_000;

    private static readonly TlsCertificate Certificate = MakeCertificate();

    /// <summary>The tests decide what is too much.</summary>
    private static readonly TlsLimits NoLimits = new() { MaxKeyUpdates = int.MaxValue / 2, MaxRecordsWithoutData = int.MaxValue / 2 };

    private readonly CountingPool _gatewayPool = new();
    private readonly CountingPool _clientPool = new();
    private readonly byte[] _scratch = new byte[64 * 1024];
    private readonly Queue<byte[]> _fromUpstream = new();
    private readonly Queue<byte[]> _clientWrites = new();
    private int _fromUpstreamUsed;
    private int _clientWritesUsed;

    public SessionState State = SessionMachine.Accepted(Credit);

    private EngineConnection(TlsVersion version)
    {
        // The sessions keep their contexts alive.
        using var server = OpenSslContext.CreateServer(
            new TlsServerSettings
            {
                Certificates = [Certificate],
                MinimumVersion = version,
                MaximumVersion = version,
                Limits = NoLimits,
            }
        );
        using var client = OpenSslContext.CreateClient(
            new TlsClientSettings
            {
                MinimumVersion = version,
                MaximumVersion = version,
                Limits = NoLimits,
            }
        );
        Gateway = server.CreateSession(_gatewayPool);
        Client = client.CreateSession(_clientPool);
    }

    public ITlsSession Gateway { get; }

    public ITlsSession Client { get; }

    public Wire ToGateway { get; } = new();

    public Wire ToClient { get; } = new();

    /// <summary>What was done, in order, Wait left out.</summary>
    public List<SessionAction> Done { get; } = [];

    /// <summary>The calls on the gateway's session among <see cref="Done"/>.</summary>
    public IEnumerable<SessionAction> Calls =>
        Done.Where(a => a is SessionAction.Handshake or SessionAction.Read or SessionAction.Write or SessionAction.Shutdown);

    /// <summary>Plaintext that the upstream got.</summary>
    public List<byte> AtUpstream { get; } = [];

    /// <summary>Plaintext that the client got.</summary>
    public List<byte> AtClient { get; } = [];

    /// <summary>Handshake done, tickets sent, nothing in flight.</summary>
    public static EngineConnection Open(TlsVersion version)
    {
        var connection = new EngineConnection(version);
        while (!connection.Client.IsHandshakeComplete || !connection.Gateway.IsHandshakeComplete)
        {
            Assert.NotEqual(TlsStatus.Error, connection.Client.Handshake());
            connection.ClientSends();
            connection.Readable();
            connection.ClientReceives();
        }

        connection.Upstream([0]);
        connection.Settle();
        Assert.Equal([0], connection.AtClient);
        connection.AtClient.Clear();
        connection.Done.Clear();
        return connection;
    }

    /// <summary>The loop says that bytes are there.</summary>
    public void Readable()
    {
        SessionMachine.BecameReadable(ref State);
        Run();
    }

    /// <summary>The loop says that there is room.</summary>
    public void Writable()
    {
        SessionMachine.BecameWritable(ref State);
        Run();
    }

    /// <summary>The upstream leg passes on data.</summary>
    public void Upstream(byte[] data)
    {
        _fromUpstream.Enqueue(data);
        SessionMachine.DataArrived(ref State);
        Run();
    }

    /// <summary>The gateway renews keys, as the actor does when told to.</summary>
    public void Rehandshake()
    {
        if (Gateway.Rehandshake() == TlsStatus.Error && Gateway.Failure.Kind == TlsFailureKind.NotSupported)
            _ = Gateway.KeyUpdate(askPeer: true);
        SessionMachine.RehandshakeReturned(ref State, SessionFacts.Of(Gateway, failed: false));
        Run();
    }

    /// <summary>Data for the client to write when it next can.</summary>
    public void ClientWrites(byte[] data)
    {
        _clientWrites.Enqueue(data);
        ClientEncrypts();
    }

    /// <summary>At most <paramref name="most"/> bytes of what the client has pending go onto the wire.</summary>
    public void ClientSends(int most = int.MaxValue)
    {
        var pending = Client.TxPending;
        Client.TxConsume(ToGateway.Offer(pending[..Math.Min(pending.Length, most)]));
    }

    /// <summary>The client takes at most <paramref name="most"/> bytes from the wire and reads what it can.</summary>
    public void ClientReceives(int most = int.MaxValue)
    {
        while (most > 0)
        {
            var free = Client.RxFree;
            var taken = ToClient.Take(free[..Math.Min(free.Length, most)]);
            Client.RxCommit(taken);
            ClientReads();
            if (taken == 0)
                break;
            most -= taken;
        }

        ClientEncrypts();
    }

    /// <summary>Moves everything both ways until nothing moves.</summary>
    public void Settle()
    {
        ToClient.Capacity = int.MaxValue;
        for (var idle = 0; idle < 2; )
        {
            var before = (
                AtClient.Count,
                AtUpstream.Count,
                ToClient.Count,
                ToGateway.Count,
                Client.TxPending.Length,
                Gateway.TxPending.Length
            );
            ClientReceives();
            ClientSends();
            Readable();
            Writable();
            var after = (
                AtClient.Count,
                AtUpstream.Count,
                ToClient.Count,
                ToGateway.Count,
                Client.TxPending.Length,
                Gateway.TxPending.Length
            );
            idle = before == after ? idle + 1 : 0;
        }
    }

    public void Dispose()
    {
        Gateway.Dispose();
        Client.Dispose();
        Assert.Equal((0, 0), (_gatewayPool.Rented, _clientPool.Rented));
    }

    private void Run()
    {
        for (var actions = 0; ; actions++)
        {
            Assert.True(actions < MostActions, $"no end of actions: {string.Join(' ', Done.TakeLast(10))}");
            var action = SessionMachine.Next(State);
            if (action == SessionAction.Wait)
                return;
            Done.Add(action);
            Do(action);
        }
    }

    private void Do(SessionAction action)
    {
        switch (action)
        {
            case SessionAction.ReceiveHello:
                if (Receive())
                    SessionMachine.HelloSeen(ref State, FirstBytes.TlsHandshake);
                break;
            case SessionAction.Receive:
                _ = Receive();
                break;
            case SessionAction.Handshake:
                var status = Gateway.Handshake();
                SessionMachine.HandshakeReturned(ref State, status, Facts(status), now: 0);
                break;
            case SessionAction.OpenUpstream:
                SessionMachine.UpstreamOpened(ref State);
                break;
            case SessionAction.Read:
                Read();
                break;
            case SessionAction.Write:
                Write();
                break;
            case SessionAction.Send:
                Send();
                break;
            default:
                throw new InvalidOperationException($"{action} {State.Reason} {Gateway.Failure}");
        }
    }

    private bool Receive()
    {
        var free = Gateway.RxFree;
        if (free.IsEmpty)
        {
            SessionMachine.ReceiveRefused(ref State);
            return false;
        }

        var received = ToGateway.Take(free);
        Gateway.RxCommit(received);
        if (received == 0)
            SessionMachine.ReceivedNothing(ref State);
        else
            SessionMachine.Received(ref State, more: ToGateway.Count > 0);
        return received > 0;
    }

    private void Read()
    {
        var status = Gateway.Read(_scratch.AsSpan(0, Math.Min(State.Credit, _scratch.Length)), out var read);
        AtUpstream.AddRange(_scratch.AsSpan(0, read));
        SessionMachine.ReadReturned(ref State, status, read, Facts(status), now: 0);
        SessionMachine.CreditGranted(ref State, read);
    }

    private void Write()
    {
        var status = TlsStatus.Done;
        while (status == TlsStatus.Done && _fromUpstream.TryPeek(out var data))
        {
            status = Gateway.Write(data.AsSpan(_fromUpstreamUsed), out var written);
            _fromUpstreamUsed += written;
            if (_fromUpstreamUsed < data.Length)
                continue;
            _ = _fromUpstream.Dequeue();
            _fromUpstreamUsed = 0;
        }

        SessionMachine.WriteReturned(ref State, status, _fromUpstream.Count > 0, Facts(status), now: 0);
    }

    private void Send()
    {
        var sent = ToClient.Offer(Gateway.TxPending);
        if (sent == 0)
        {
            SessionMachine.SentNothing(ref State);
            return;
        }

        Gateway.TxConsume(sent);
        SessionMachine.Sent(ref State, !Gateway.TxPending.IsEmpty, ToClient.HasRoom);
    }

    private SessionFacts Facts(TlsStatus status) => SessionFacts.Of(Gateway, status == TlsStatus.Error);

    private void ClientReads()
    {
        if (!Client.IsHandshakeComplete)
            return;
        TlsStatus status;
        do
        {
            status = Client.Read(_scratch, out var read);
            AtClient.AddRange(_scratch.AsSpan(0, read));
        } while (status == TlsStatus.Done);
        Assert.True(status != TlsStatus.Error, $"client: {Client.Failure}");
    }

    private void ClientEncrypts()
    {
        if (!Client.IsHandshakeComplete)
            return;
        var status = TlsStatus.Done;
        while (status == TlsStatus.Done && _clientWrites.TryPeek(out var data))
        {
            status = Client.Write(data.AsSpan(_clientWritesUsed), out var written);
            Assert.True(status != TlsStatus.Error, $"client: {Client.Failure}");
            _clientWritesUsed += written;
            if (_clientWritesUsed < data.Length)
                continue;
            _ = _clientWrites.Dequeue();
            _clientWritesUsed = 0;
        }
    }

    private static TlsCertificate MakeCertificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        var now = TimeProvider.System.GetUtcNow();
        using var certificate = request.CreateSelfSigned(now.AddHours(-1), now.AddDays(1));
        return new TlsCertificate("localhost", certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
    }

    private sealed unsafe class CountingPool : ITlsBufferPool
    {
        public int Rented { get; private set; }

        public byte* Rent(int minimumBytes, out int capacity)
        {
            Rented++;
            capacity = minimumBytes;
            return (byte*)System.Runtime.InteropServices.NativeMemory.Alloc((nuint)minimumBytes);
        }

        public void Return(byte* memory, int capacity)
        {
            Rented--;
            System.Runtime.InteropServices.NativeMemory.Free(memory);
        }
    }
}
