using Akka;
using Akka.IO;
using Akka.Streams;
using Akka.Streams.Dsl;
using TlsGateway.Tls;
using static TlsGateway.Streams.Tests.StreamPair;

namespace TlsGateway.Streams.Tests;

/// <summary>A client and a server flow back to back, without sockets.</summary>
public sealed class TlsBidiFlowTests
{
    public static TheoryData<TlsEngine, TlsVersion> Peers()
    {
        TheoryData<TlsEngine, TlsVersion> peers = [];
        foreach (var engine in Enum.GetValues<TlsEngine>())
        {
            try
            {
                TlsEngines.CreateClient(engine, new TlsClientSettings()).Dispose();
            }
            catch (TlsConfigurationException)
            {
                continue;
            }
            peers.Add(engine, TlsVersion.Tls12);
            peers.Add(engine, TlsVersion.Tls13);
        }

        return peers;
    }

    [Theory]
    [MemberData(nameof(Peers))]
    public async Task Ten_megabytes_come_back_as_they_went(TlsEngine engine, TlsVersion version)
    {
        await using StreamPair pair = new(engine, version);
        var data = Noise(3, 10 * 1024 * 1024);
        var flow = pair.ClientFlow().Atop(Wire(5, 40_000)).Atop(pair.ServerFlow()).Join(Flow.Create<ByteString>());

        var ((_, info), echoed) = SourceOf(data)
            .ViaMaterialized(flow, Keep.Both)
            .ToMaterialized(Collect(), Keep.Both)
            .Run(pair.Materializer);

        Assert.Equal(data, (await echoed.WaitAsync(Patience)).ToArray());
        Assert.Equal(version == TlsVersion.Tls12 ? "TLSv1.2" : "TLSv1.3", (await info).Version);
    }

    [Theory]
    [MemberData(nameof(Peers))]
    public async Task Ciphertext_may_be_cut_anywhere(TlsEngine engine, TlsVersion version)
    {
        await using StreamPair pair = new(engine, version);
        var data = Noise(7, 20_000);
        foreach (var largest in (int[])[1, 7, 1000])
        {
            var flow = pair.ClientFlow().Atop(Wire(largest, largest)).Atop(pair.ServerFlow()).Join(Flow.Create<ByteString>());
            var echoed = SourceOf(data, 999).Via(flow).RunWith(Collect(), pair.Materializer);
            Assert.Equal(data, (await echoed.WaitAsync(Patience)).ToArray());
        }
    }

    [Fact]
    public async Task A_side_that_ended_still_receives()
    {
        await using StreamPair pair = new();
        // The server answers only once it has seen the client's end.
        var answerAtEnd = BothEnds(Collect(), Source.Maybe<ByteString>());
        var client = pair.ClientFlow().Atop(pair.ServerFlow()).JoinMat(answerAtEnd, Keep.Right);

        var ((request, answer), received) = Source
            .Single(ByteString.FromString("request"))
            .ViaMaterialized(client, Keep.Right)
            .ToMaterialized(Collect(), Keep.Both)
            .Run(pair.Materializer);

        Assert.Equal("request", (await request.WaitAsync(Patience)).ToString());
        Assert.False(received.IsCompleted);
        answer.SetResult(ByteString.FromString("answer"));
        Assert.Equal("answer", (await received.WaitAsync(Patience)).ToString());
    }

    [Fact]
    public async Task IgnoreComplete_holds_close_notify_back_until_the_peer_has_ended()
    {
        await using StreamPair pair = new();
        var serverSide = BothEnds(Collect(), Source.Maybe<ByteString>());
        var client = pair.ClientFlow(new TlsFlowOptions { Closing = TlsClosing.IgnoreComplete })
            .Atop(pair.ServerFlow())
            .JoinMat(serverSide, Keep.Right);

        var ((request, answer), received) = Source
            .Single(ByteString.FromString("request"))
            .ViaMaterialized(client, Keep.Right)
            .ToMaterialized(Collect(), Keep.Both)
            .Run(pair.Materializer);
        answer.SetResult(ByteString.FromString("answer"));

        // The server's end comes first, and lets the client's go.
        Assert.Equal("answer", (await received.WaitAsync(Patience)).ToString());
        Assert.Equal("request", (await request.WaitAsync(Patience)).ToString());
    }

    [Fact]
    public async Task Cancelling_what_is_received_ends_both_sides_with_close_notify()
    {
        await using StreamPair pair = new();
        var serverSide = Ends(Collect(), SourceOf(Noise(1, 1_000_000)));
        var client = pair.ClientFlow().Atop(pair.ServerFlow()).JoinMat(serverSide, Keep.Right);

        var (atServer, first) = Source
            .Maybe<ByteString>()
            .ViaMaterialized(client, Keep.Right)
            .ToMaterialized(Sink.First<ByteString>(), Keep.Both)
            .Run(pair.Materializer);

        Assert.NotEmpty((await first.WaitAsync(Patience)).ToArray());
        // A clean end: a truncation would fail it.
        Assert.Empty((await atServer.WaitAsync(Patience)).ToArray());
    }

    [Fact]
    public async Task IgnoreCancel_goes_on_sending_when_nobody_reads()
    {
        await using StreamPair pair = new();
        var data = Noise(2, 300_000);
        var serverSide = Ends(Collect(), SourceOf(Noise(1, 500_000)));
        var client = pair.ClientFlow(new TlsFlowOptions { Closing = TlsClosing.IgnoreCancel })
            .Atop(pair.ServerFlow())
            .JoinMat(serverSide, Keep.Right);

        var atServer = SourceOf(data).ViaMaterialized(client, Keep.Right).To(Sink.Cancelled<ByteString>()).Run(pair.Materializer);

        Assert.Equal(data, (await atServer.WaitAsync(Patience)).ToArray());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Ciphertext_that_ends_without_close_notify_is_a_truncation_unless_tolerated(bool tolerated)
    {
        await using StreamPair pair = new();
        // The wire towards the client ends in the middle of the answer.
        var cut = BidiFlow.FromFlows(Flow.Create<ByteString>(), Split(1, 1000).Take(200));
        var serverSide = Ends(Sink.Ignore<ByteString>(), SourceOf(Noise(1, 10_000_000)));
        var client = pair.ClientFlow(new TlsFlowOptions { TolerateTruncation = tolerated })
            .Atop(cut)
            .Atop(pair.ServerFlow())
            .Join(serverSide);

        var received = Source.Maybe<ByteString>().Via(client).RunWith(Collect(), pair.Materializer);

        if (tolerated)
            Assert.NotEmpty((await received.WaitAsync(Patience)).ToArray());
        else
            await Assert.ThrowsAsync<TlsTruncatedException>(() => received.WaitAsync(Patience));
    }

    [Fact]
    public async Task A_certificate_that_is_not_trusted_fails_both_sides_and_the_server_learns_why()
    {
        using var other = System.Security.Cryptography.ECDsa.Create();
        System.Security.Cryptography.X509Certificates.CertificateRequest request = new(
            "CN=other",
            other,
            System.Security.Cryptography.HashAlgorithmName.SHA256
        );
        var now = TimeProvider.System.GetUtcNow();
        using var authority = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        await using StreamPair pair = new(trusted: authority.ExportCertificatePem());
        var flow = pair.ClientFlow().AtopMat(pair.ServerFlow(), Keep.Both).JoinMat(Ends(Collect(), Source.Maybe<ByteString>()), Keep.Both);

        var (((client, server), atServer), received) = Source
            .Maybe<ByteString>()
            .ViaMaterialized(flow, Keep.Right)
            .ToMaterialized(Collect(), Keep.Both)
            .Run(pair.Materializer);

        var failed = await Assert.ThrowsAsync<TlsException>(() => received.WaitAsync(Patience));
        Assert.Equal(TlsFailureKind.CertificateRejected, failed.Failure.Kind);
        await Assert.ThrowsAsync<TlsException>(() => client.WaitAsync(Patience));
        var told = await Assert.ThrowsAsync<TlsException>(() => atServer.WaitAsync(Patience));
        Assert.Equal(TlsFailureKind.PeerAlert, told.Failure.Kind);
        _ = server;
    }

    [Fact]
    public async Task A_source_that_fails_is_no_clean_end_for_the_peer()
    {
        await using StreamPair pair = new();
        var flow = pair.ClientFlow().Atop(pair.ServerFlow()).JoinMat(Ends(Collect(), Source.Maybe<ByteString>()), Keep.Right);
        var broken = Source.Single(ByteString.FromString("half")).Concat(Source.Failed<ByteString>(new InvalidDataException("disk")));

        var (atServer, received) = broken.ViaMaterialized(flow, Keep.Right).ToMaterialized(Collect(), Keep.Both).Run(pair.Materializer);

        await Assert.ThrowsAsync<InvalidDataException>(() => received.WaitAsync(Patience));
        await Assert.ThrowsAnyAsync<Exception>(() => atServer.WaitAsync(Patience));
    }

    [Fact]
    public async Task A_receiver_that_does_not_ask_stops_the_sender_within_bounds()
    {
        await using StreamPair pair = new();
        long taken = 0;
        var source = Source
            .Repeat(ByteString.FromBytes(new byte[16 * 1024]))
            .Select(bytes =>
            {
                Interlocked.Add(ref taken, bytes.Count);
                return bytes;
            });
        var serverSide = Ends(Sink.Queue<ByteString>(), Source.Maybe<ByteString>());
        var client = pair.ClientFlow().Atop(pair.ServerFlow()).JoinMat(serverSide, Keep.Right);
        var queue = source.ViaMaterialized(client, Keep.Right).To(Sink.Ignore<ByteString>()).Run(pair.Materializer);

        long received = 0;
        while (received < 4 * 1024 * 1024)
        {
            var piece = await queue.PullAsync().WaitAsync(Patience);
            Assert.True(piece.HasValue);
            received += piece.Value.Count;
            // Both sessions' buffers (264 KiB each way), two elements and the queue's own 16.
            Assert.InRange(Interlocked.Read(ref taken) - received, 0, 2 * 1024 * 1024);
        }
    }
}
