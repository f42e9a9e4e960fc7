using System.Globalization;
using System.Net;
using System.Text;
using Akka.Actor;
using Akka.IO;
using Akka.Streams;
using Akka.Streams.Dsl;
using TlsGateway.Interop.Tests.Support;
using TlsGateway.Streams;
using TlsGateway.Tls;

namespace TlsGateway.Interop.Tests.Streams;

/// <summary>The Akka.Streams flow over Akka's own TCP, with OpenSSL's command line at the other end.</summary>
public sealed class StreamsOpenSslTests : IAsyncLifetime
{
    private readonly string _openssl = Programs.Require("openssl");
    private readonly TestCertificates _certificates = new();
    private readonly ActorSystem _system = ActorSystem.Create("streams", "akka { loglevel = WARNING, stdout-loglevel = OFF }");
    private readonly ActorMaterializer _materializer;

    public StreamsOpenSslTests() => _materializer = _system.Materializer();

    public static TheoryData<TlsEngine, string> Engines { get; } =
        new()
        {
            { TlsEngine.OpenSsl, "1.2" },
            { TlsEngine.OpenSsl, "1.3" },
            { TlsEngine.BouncyCastle, "1.2" },
            { TlsEngine.BouncyCastle, "1.3" },
        };

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await _system.Terminate().WaitAsync(RunningGateway.Patience);
        _certificates.Dispose();
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task A_server_flow_echoes_what_s_client_says(TlsEngine engine, string version)
    {
        using var tls = TlsEngines.CreateServer(engine, new TlsServerSettings { Certificates = [_certificates.Localhost] });
        var negotiated = new TaskCompletionSource<TlsSessionInfo>(TaskCreationOptions.RunContinuationsAsynchronously);
        var binding = await _system
            .TcpStream()
            .Bind("127.0.0.1", 0, halfClose: true)
            .To(
                Sink.ForEach<Akka.Streams.Dsl.Tcp.IncomingConnection>(connection =>
                {
                    var info = connection.HandleWith(TlsBidiFlow.CreateReversed(tls).Join(Flow.Create<ByteString>()), _materializer);
                    _ = info.ContinueWith(
                        task =>
                        {
                            if (task.IsFaulted)
                                negotiated.TrySetException(task.Exception!.InnerExceptions);
                            else
                                negotiated.TrySetResult(task.Result);
                        },
                        TaskScheduler.Default
                    );
                })
            )
            .Run(_materializer)
            .WaitAsync(RunningGateway.Patience);
        var port = ((IPEndPoint)binding.LocalAddress).Port;
        await using var client = RunningProgram.Start(
            _openssl,
            "s_client",
            "-connect",
            $"127.0.0.1:{port}",
            "-servername",
            "localhost",
            "-verify_return_error",
            "-CAfile",
            _certificates.AuthorityFile,
            Option(version)
        );
        await client.ExpectAsync($"New, TLSv{version}");
        await client.EchoAsync("through a stream");
        await client.EchoAsync("and again");
        Assert.Equal($"TLSv{version}", (await negotiated.Task.WaitAsync(RunningGateway.Patience)).Version);
        await client.SayAsync("Q");
        await client.ExitAsync();
        await binding.Unbind().WaitAsync(RunningGateway.Patience);
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task A_client_flow_gets_its_lines_back_reversed_from_s_server(TlsEngine engine, string version)
    {
        var certificate = Path.Combine(_certificates.Folder, "server.pem");
        await File.WriteAllTextAsync(
            certificate,
            _certificates.Localhost.ChainPem + "\n" + _certificates.Localhost.KeyPem,
            TestContext.Current.CancellationToken
        );
        await using var server = RunningProgram.Start(
            _openssl,
            "s_server",
            "-accept",
            "127.0.0.1:0",
            "-cert",
            certificate,
            "-rev",
            Option(version)
        );
        await server.ExpectAsync("ACCEPT 127.0.0.1:");
        var port = int.Parse(server.Output.Text.Split("ACCEPT 127.0.0.1:")[1].Split('\n')[0], CultureInfo.InvariantCulture);
        using var tls = TlsEngines.CreateClient(
            engine,
            new TlsClientSettings
            {
                ServerName = "localhost",
                TrustedAuthoritiesPem = await File.ReadAllTextAsync(_certificates.AuthorityFile),
            }
        );
        var more = new TaskCompletionSource<ByteString>(TaskCreationOptions.RunContinuationsAsynchronously);
        var lines = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        var seen = new StringBuilder();
        // The second line leaves when the first is back, and the end when both are: s_server answers a line at a time.
        var said = Source
            .Single(ByteString.FromString("one\n"))
            .Concat(Source.FromTask(more.Task))
            .Concat(Source.FromTask(lines.Task).Select(static _ => ByteString.Empty).Where(static bytes => !bytes.IsEmpty));
        var heard = Sink.ForEach<ByteString>(bytes =>
        {
            seen.Append(bytes.ToString(Encoding.ASCII));
            if (seen.ToString().Contains("eno\n", StringComparison.Ordinal))
                more.TrySetResult(ByteString.FromString("two\n"));
            if (seen.ToString().Contains("owt\n", StringComparison.Ordinal))
                lines.TrySetResult(seen.ToString());
        });
        var negotiated = said.ViaMaterialized(
                TlsBidiFlow.Create(tls).Join(_system.TcpStream().OutgoingConnection("127.0.0.1", port)),
                Keep.Right
            )
            .To(heard)
            .Run(_materializer);
        Assert.Equal($"TLSv{version}", (await negotiated.WaitAsync(RunningGateway.Patience)).Version);
        Assert.Equal("eno\nowt\n", await lines.Task.WaitAsync(RunningGateway.Patience));
        await server.ExpectErrorAsync("CONNECTION CLOSED");
    }

    private static string Option(string version) => version == "1.2" ? "-tls1_2" : "-tls1_3";
}
