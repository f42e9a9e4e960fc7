using TlsGateway.Tls.Policies;
using TlsGateway.Tls.Tests.Contract;

namespace TlsGateway.Tls.Tests;

public sealed class AllocationTests
{
    private const int Rounds = 200;

    [Theory]
    [InlineData(TlsVersion.Tls12)]
    [InlineData(TlsVersion.Tls13)]
    public void Records_allocate_nothing(TlsVersion version)
    {
        using SessionPair pair = SessionPair.Open(version);
        byte[] data = new byte[40_000];
        byte[] buffer = new byte[64 * 1024];
        Relay(pair, data, buffer);

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < Rounds; i++)
        {
            Relay(pair, data, buffer);
        }
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.Equal(0, allocated);
    }

    [Theory]
    [InlineData(TlsVersion.Tls12, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256")]
    [InlineData(TlsVersion.Tls12, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256")]
    [InlineData(TlsVersion.Tls13, "TLS_AES_128_GCM_SHA256")]
    [InlineData(TlsVersion.Tls13, "TLS_AES_256_GCM_SHA384")]
    [InlineData(TlsVersion.Tls13, "TLS_CHACHA20_POLY1305_SHA256")]
    public void A_record_of_bouncycastle_allocates_its_result_object_only(TlsVersion version, string suite)
    {
        using EnginePair pair = new EnginePair(
            TlsEngine.OpenSsl,
            new TlsClientSettings(),
            TlsEngine.BouncyCastle,
            EnginePair.ServerSettings(version) with
            {
                Policy = TlsPolicies.Intermediate with { CipherSuites = [suite] },
            }
        ).Handshake();
        byte[] data = new byte[40_000];
        byte[] buffer = new byte[64 * 1024];
        long allocated = 0;
        for (int i = 0; i < Rounds; i++)
        {
            pair.Client.Write(data, out _);
            SessionPair.Move(pair.Client, pair.Server);
            long before = GC.GetAllocatedBytesForCurrentThread();
            pair.Server.Read(buffer, out int read);
            pair.Server.Write(data, out int written);
            // BouncyCastle's queues grow once, and the tickets go out once.
            allocated += i < 2 ? 0 : GC.GetAllocatedBytesForCurrentThread() - before;
            if (read != data.Length || written != data.Length)
            {
                throw new InvalidOperationException($"{read} and {written} bytes");
            }
            SessionPair.Move(pair.Server, pair.Client);
            pair.Client.Read(buffer, out _);
        }
        // BouncyCastle's interface returns each record in an object of this size, which cannot be used again.
        const int ResultBytes = 40;
        const int RecordsPerRound = 3 + 3;
        Assert.Equal((Rounds - 2) * RecordsPerRound * ResultBytes, allocated);
    }

    [Theory]
    [InlineData(1000)]
    [InlineData(64 * 1024)]
    public void A_server_allocates_nothing_however_it_reads(int destination)
    {
        using SessionPair pair = SessionPair.Open(TlsVersion.Tls13);
        byte[] data = new byte[40_000];
        byte[] buffer = new byte[destination];
        byte[] clientBuffer = new byte[64 * 1024];
        long allocated = 0;
        for (int i = 0; i < Rounds; i++)
        {
            pair.Client.Write(data, out _);
            SessionPair.Move(pair.Client, pair.Server);
            long before = GC.GetAllocatedBytesForCurrentThread();
            int received = 0;
            while (pair.Server.Read(buffer, out int read) == TlsStatus.Done)
            {
                received += read;
            }
            pair.Server.Write(data, out int written);
            // The first round has the tickets and the handover in it.
            allocated += i == 0 ? 0 : GC.GetAllocatedBytesForCurrentThread() - before;
            if (received < data.Length - destination || written != data.Length)
            {
                throw new InvalidOperationException($"{received} and {written} bytes");
            }
            SessionPair.Move(pair.Server, pair.Client);
            pair.Client.Read(clientBuffer, out _);
        }
        Assert.Equal(0, allocated);
    }

    [Fact]
    public void Key_updates_allocate_nothing()
    {
        using SessionPair pair = SessionPair.Open(TlsVersion.Tls13);
        byte[] data = new byte[10];
        byte[] buffer = new byte[100];
        Update(pair, data, buffer);

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 20; i++)
        {
            Update(pair, data, buffer);
        }
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.Equal(0, allocated);
    }

    private static void Update(SessionPair pair, byte[] data, byte[] buffer)
    {
        pair.Server.KeyUpdate(askPeer: true);
        Relay(pair, data, buffer);
    }

    private static void Relay(SessionPair pair, byte[] data, byte[] buffer)
    {
        pair.Server.Write(data, out _);
        SessionPair.Move(pair.Server, pair.Client);
        pair.Client.Read(buffer, out int down);
        pair.Client.Write(data, out _);
        SessionPair.Move(pair.Client, pair.Server);
        pair.Server.Read(buffer, out int up);
        if (down != data.Length || up != data.Length)
        {
            throw new InvalidOperationException($"{down} and {up} bytes");
        }
    }
}
