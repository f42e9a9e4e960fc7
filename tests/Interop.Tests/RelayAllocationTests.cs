using TlsGateway.Actors;
using TlsGateway.Actors.Settings;
using TlsGateway.Interop.Tests.Support;
using TlsGateway.Tls;

namespace TlsGateway.Interop.Tests;

/// <summary>The loop's thread allocates nothing per record, whatever the records' size.</summary>
public sealed class RelayAllocationTests : IDisposable
{
    /// <summary>
    /// For what does not depend on the traffic: the measurement's own task and closure, Akka's and the runtime's occasional work on the thread. Each case below moves
    /// at least twice as many records, so this is under half a byte per record.
    /// </summary>
    private const long MostBytes = 8 * 1024;

    private readonly TestCertificates _certificates = new();

    public void Dispose() => _certificates.Dispose();

    [Theory]
    [InlineData(TlsVersion.Tls13, 256 * 1024, 160 * 1024 * 1024)]
    [InlineData(TlsVersion.Tls12, 256 * 1024, 160 * 1024 * 1024)]
    [InlineData(TlsVersion.Tls13, 1024, 64 * 1024 * 1024)]
    [InlineData(TlsVersion.Tls12, 1024, 64 * 1024 * 1024)]
    public async Task A_stream_both_ways_allocates_nothing_per_record(TlsVersion version, int messageBytes, int bytes)
    {
        await using var upstream = TestUpstream.Echo();
        await StreamAsync(RunningGateway.Listener(_certificates.Localhost, upstream.EndPoint), version, messageBytes, bytes);
    }

    /// <summary>Two sessions of the openssl engine for each connection.</summary>
    [Theory]
    [InlineData(TlsVersion.Tls13, 256 * 1024, 160 * 1024 * 1024)]
    [InlineData(TlsVersion.Tls12, 256 * 1024, 160 * 1024 * 1024)]
    [InlineData(TlsVersion.Tls13, 1024, 64 * 1024 * 1024)]
    public async Task Nor_does_one_to_an_upstream_over_TLS(TlsVersion version, int messageBytes, int bytes)
    {
        await using var upstream = TestUpstream.Secure(_certificates.Localhost, TestUpstream.EchoAsync);
        var listener = RunningGateway.Listener(_certificates.Localhost, upstream.EndPoint);
        var tls = new UpstreamTlsSettings
        {
            ServerName = "localhost",
            Client = new TlsClientSettings
            {
                TrustedAuthoritiesPem = _certificates.Authority.ExportCertificatePem(),
                MinimumVersion = version,
                MaximumVersion = version,
            },
        };
        await StreamAsync(listener with { Upstream = listener.Upstream! with { Tls = tls } }, version, messageBytes, bytes);
    }

    private static async Task StreamAsync(ListenerSettings listener, TlsVersion version, int messageBytes, int bytes)
    {
        await using var gateway = await RunningGateway.StartAsync(listener, loops: 1);
        using var client = EngineClient.Open(gateway.EndPoint, version);
        var data = new byte[8 * 1024 * 1024];
        var received = new byte[data.Length];
        client.Exchange(data, received, messageBytes); // warm-up: queues and the pool get their size, methods are compiled
        client.Exchange(data, received, messageBytes);

        var records = Records(client);
        var before = await AllocatedAsync(gateway);
        for (var moved = 0; moved < bytes; moved += data.Length)
            client.Exchange(data, received, messageBytes);
        var allocated = await AllocatedAsync(gateway) - before;
        records = Records(client) - records;
        Assert.True(records > 2 * MostBytes, $"only {records} records");
        Assert.True(allocated <= MostBytes, $"{allocated} bytes for {records} records");
        client.CloseCleanly();
        await gateway.UntilClosedAsync(CloseReason.Completed);
    }

    [Fact]
    public async Task A_round_trip_of_1_KiB_allocates_nothing()
    {
        const int RoundTrips = 10_000;
        await using var upstream = TestUpstream.Echo();
        await using var gateway = await RunningGateway.StartAsync(
            RunningGateway.Listener(_certificates.Localhost, upstream.EndPoint),
            loops: 1
        );
        using var client = EngineClient.Open(gateway.EndPoint);
        RoundTrip(client, RoundTrips / 10);
        var before = await AllocatedAsync(gateway);
        RoundTrip(client, RoundTrips);
        var allocated = await AllocatedAsync(gateway) - before;
        Assert.True(allocated <= MostBytes, $"{allocated} bytes for {RoundTrips} round trips of two records each");
        client.CloseCleanly();
        await gateway.UntilClosedAsync(CloseReason.Completed);
    }

    private static void RoundTrip(EngineClient client, int times)
    {
        var message = Seeded.Bytes(1, 1024);
        for (var i = 0; i < times; i++)
        {
            client.Send(message);
            _ = client.Receive(message.Length);
        }
    }

    private static long Records(EngineClient client) => client.Session.Counters.RxRecords + client.Session.Counters.TxRecords;

    private static Task<long> AllocatedAsync(RunningGateway gateway) =>
        gateway.OnLoopAsync(0, static _ => GC.GetAllocatedBytesForCurrentThread());
}
