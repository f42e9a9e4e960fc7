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
