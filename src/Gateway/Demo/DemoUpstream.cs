using System.Buffers;
using System.Net;
using System.Text;
using TlsGateway.Gateway.Hosting;

namespace TlsGateway.Gateway.Demo;

/// <summary>
/// A backend to try the gateway with: any path shows, as plain text, what it received; <c>/echo</c> streams the request's body back. HTTP/1.1 on a free
/// port of 127.0.0.1, in this process.
/// </summary>
internal sealed class DemoUpstream : IAsyncDisposable
{
    /// <summary>Read and written at once by /echo: one socket buffer.</summary>
    private const int ChunkBytes = 64 * 1024;

    private readonly WebApplication _server;

    private DemoUpstream(WebApplication server, IPEndPoint endPoint)
    {
        _server = server;
        EndPoint = endPoint;
    }

    /// <summary>Where it really listens.</summary>
    public IPEndPoint EndPoint { get; }

    public static async Task<DemoUpstream> StartAsync(ILoggerFactory loggers, CancellationToken cancellation)
    {
        var builder = EmbeddedWebServer.CreateBuilder(
            new IPEndPoint(IPAddress.Loopback, 0),
            loggers,
            // The body is streamed, never kept, and measuring with it must not be cut short.
            static limits =>
                limits.MaxRequestBodySize = null
        );
        var server = builder.Build();
        server.MapPost("/echo", EchoAsync);
        server.MapPut("/echo", EchoAsync);
        server.MapFallback("{**path}", ShowRequestAsync);
        await server.StartAsync(cancellation).ConfigureAwait(false);
        return new DemoUpstream(server, new IPEndPoint(IPAddress.Loopback, new Uri(server.Urls.First()).Port));
    }

    /// <summary>Stops accepting, and cuts what is still open: the gateway has drained its connections before.</summary>
    public async ValueTask DisposeAsync()
    {
        await _server.StopAsync(new CancellationToken(canceled: true)).ConfigureAwait(false);
        await _server.DisposeAsync().ConfigureAwait(false);
    }

    private static async Task EchoAsync(HttpContext context)
    {
        context.Response.ContentType = "application/octet-stream";
        context.Response.ContentLength = context.Request.ContentLength;
        await context.Request.Body.CopyToAsync(context.Response.Body, ChunkBytes, context.RequestAborted).ConfigureAwait(false);
    }

    private static async Task ShowRequestAsync(HttpContext context)
    {
        var bodyBytes = await CountBodyAsync(context).ConfigureAwait(false);
        StringBuilder text = new();
        text.Append("The TLS gateway works. Its demo upstream received, as plaintext:\n\n");
        text.Append($"{context.Request.Method} {context.Request.Path}{context.Request.QueryString} {context.Request.Protocol}\n");
        foreach (var (name, value) in context.Request.Headers)
        {
            text.Append($"{name}: {value}\n");
        }
        text.Append($"\nbody: {bodyBytes} bytes\n");
        text.Append($"from: {new IPEndPoint(context.Connection.RemoteIpAddress ?? IPAddress.None, context.Connection.RemotePort)}\n");
        // Plain text, and not to be guessed otherwise: the page repeats what the client sent.
        context.Response.ContentType = "text/plain; charset=utf-8";
        context.Response.Headers.XContentTypeOptions = "nosniff";
        await context.Response.WriteAsync(text.ToString(), context.RequestAborted).ConfigureAwait(false);
    }

    private static async Task<long> CountBodyAsync(HttpContext context)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(ChunkBytes);
        try
        {
            long total = 0;
            while (await context.Request.Body.ReadAsync(buffer, context.RequestAborted).ConfigureAwait(false) is var read and > 0)
            {
                total += read;
            }
            return total;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
