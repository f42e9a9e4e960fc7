using Akka;
using Akka.Actor;
using Akka.IO;
using Akka.Streams;
using Akka.Streams.Dsl;
using TlsGateway.Streams;
using TlsGateway.Tls;

if (args is not [var chainFile, var keyFile, var port])
{
    Console.Error.WriteLine("usage: StreamsEcho CHAIN.pem KEY.pem PORT");
    return 2;
}

using ActorSystem system = ActorSystem.Create("echo");
using ActorMaterializer materializer = system.Materializer();
using ITlsContext tls = TlsEngines.CreateServer(
    TlsEngine.OpenSsl,
    new TlsServerSettings { Certificates = [new TlsCertificate(chainFile, File.ReadAllText(chainFile), File.ReadAllText(keyFile))] }
);

// What is received is sent back; the client's close_notify ends the one direction, and the echo's end is ours.
Flow<ByteString, ByteString, NotUsed> echo = Flow.Create<ByteString>();

// Joined from the right: plaintext meets the echo, ciphertext the socket. halfClose lets what is left flow after the client's end.
Task<Akka.Streams.Dsl.Tcp.ServerBinding> bound = system
    .TcpStream()
    .Bind("127.0.0.1", int.Parse(port), halfClose: true)
    .To(
        Sink.ForEach<Akka.Streams.Dsl.Tcp.IncomingConnection>(connection =>
        {
            Task<TlsSessionInfo> negotiated = connection.HandleWith(TlsBidiFlow.CreateReversed(tls).Join(echo), materializer);
            _ = negotiated.ContinueWith(
                task => Console.WriteLine(task.IsFaulted ? $"refused: {task.Exception!.InnerException!.Message}" : $"open: {task.Result}"),
                TaskScheduler.Default
            );
        })
    )
    .Run(materializer);

Akka.Streams.Dsl.Tcp.ServerBinding binding = await bound;
Console.WriteLine($"echoing on {binding.LocalAddress}; a line on standard input ends it");
Console.ReadLine();
await binding.Unbind();
return 0;
