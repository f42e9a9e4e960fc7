using Akka;
using Akka.Actor;
using Akka.IO;
using Akka.Streams;
using Akka.Streams.Dsl;
using TlsGateway.Tls;

namespace TlsGateway.Streams.Tests;

/// <summary>Contexts of one engine and version, a system, and the pieces to put flows together.</summary>
internal sealed class StreamPair : IAsyncDisposable
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    public StreamPair(TlsEngine engine = TlsEngine.OpenSsl, TlsVersion version = TlsVersion.Tls13, string? trusted = null)
    {
        Server = TlsEngines.CreateServer(
            engine,
            new TlsServerSettings
            {
                Certificates = [TestCertificates.Localhost],
                MinimumVersion = version,
                MaximumVersion = version,
            }
        );
        Client = TlsEngines.CreateClient(
            engine,
            new TlsClientSettings
            {
                ServerName = "localhost",
                TrustedAuthoritiesPem = trusted ?? TestCertificates.Localhost.ChainPem,
                MinimumVersion = version,
                MaximumVersion = version,
            }
        );
    }

    public ActorSystem System { get; } = ActorSystem.Create("streams", "akka.loglevel = OFF");

    public ActorMaterializer Materializer => field ??= System.Materializer();

    public ITlsContext Server { get; }

    public ITlsContext Client { get; }

    /// <summary>Server-side TLS: ciphertext below, plaintext above.</summary>
    public BidiFlow<ByteString, ByteString, ByteString, ByteString, Task<TlsSessionInfo>> ServerFlow(TlsFlowOptions? options = null) =>
        TlsBidiFlow.CreateReversed(Server, options);

    public BidiFlow<ByteString, ByteString, ByteString, ByteString, Task<TlsSessionInfo>> ClientFlow(TlsFlowOptions? options = null) =>
        TlsBidiFlow.Create(Client, options);

    /// <summary>A wire whose elements have random sizes, the same in every run.</summary>
    public static BidiFlow<ByteString, ByteString, ByteString, ByteString, NotUsed> Wire(int seed, int largest) =>
        BidiFlow.FromFlows(Split(seed, largest), Split(seed + 1, largest));

    public static Flow<ByteString, ByteString, NotUsed> Split(int seed, int largest) =>
        Flow.Create<ByteString>()
            .StatefulSelectMany<ByteString, ByteString, ByteString, NotUsed>(() =>
            {
                Random random = new(seed);
                return bytes => Pieces(bytes, random, largest);
            });

    public static byte[] Noise(int seed, int bytes)
    {
        var noise = new byte[bytes];
        new Random(seed).NextBytes(noise);
        return noise;
    }

    /// <summary>The bytes in elements of <paramref name="size"/>.</summary>
    public static Source<ByteString, NotUsed> SourceOf(byte[] data, int size = 50_000) =>
        Source.From(data.Chunk(size).Select(ByteString.FromBytes));

    public static Sink<ByteString, Task<ByteString>> Collect() =>
        Sink.Aggregate<ByteString, ByteString>(ByteString.Empty, (all, next) => all + next);

    /// <summary>What a side does with its plaintext: the materialized value is the sink's.</summary>
    public static Flow<ByteString, ByteString, TSink> Ends<TSink, TSource>(
        Sink<ByteString, TSink> sink,
        Source<ByteString, TSource> source
    ) => Flow.FromSinkAndSource<ByteString, ByteString, TSink, TSource, TSink>(sink, source, (received, _) => received);

    /// <summary>As <see cref="Ends"/>, with both values.</summary>
    public static Flow<ByteString, ByteString, (TSink, TSource)> BothEnds<TSink, TSource>(
        Sink<ByteString, TSink> sink,
        Source<ByteString, TSource> source
    ) =>
        Flow.FromSinkAndSource<ByteString, ByteString, TSink, TSource, (TSink, TSource)>(
            sink,
            source,
            (received, sent) => (received, sent)
        );

    public async ValueTask DisposeAsync()
    {
        Materializer.Dispose();
        await System.Terminate();
        Server.Dispose();
        Client.Dispose();
    }

    private static IEnumerable<ByteString> Pieces(ByteString bytes, Random random, int largest)
    {
        var all = bytes.ToArray();
        for (int at = 0, size; at < all.Length; at += size)
        {
            size = Math.Min(random.Next(1, largest + 1), all.Length - at);
            yield return ByteString.FromBytes(all, at, size);
        }
    }
}
