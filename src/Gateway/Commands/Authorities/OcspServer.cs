using System.Net;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging.Abstractions;
using TlsGateway.Gateway.Hosting;
using TlsGateway.Pki;
using TlsGateway.Pki.Revocation;

namespace TlsGateway.Gateway.Commands.Authorities;

/// <summary>OCSP over HTTP (RFC 6960 appendix A): POST with the request as body, GET with it in the path, base64 and percent-encoded.</summary>
internal sealed class OcspServer : IAsyncDisposable
{
    private const string AnswerType = "application/ocsp-response";

    /// <summary>Clients are programs of the fleet; each holds a connection for one short exchange.</summary>
    private const int MaxConnections = 1024;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly WebApplication _server;

    private OcspServer(WebApplication server, IPEndPoint endPoint)
    {
        _server = server;
        EndPoint = endPoint;
    }

    /// <summary>Where it really listens.</summary>
    public IPEndPoint EndPoint { get; }

    /// <summary>Starts it.</summary>
    /// <exception cref="PkiException">The address cannot be listened on.</exception>
    public static async Task<OcspServer> StartAsync(OcspResponder responder, IPEndPoint bind, CancellationToken cancellation)
    {
        var builder = EmbeddedWebServer.CreateBuilder(
            bind,
            NullLoggerFactory.Instance,
            static limits =>
            {
                limits.MaxRequestBodySize = OcspResponder.MaxRequestBytes;
                limits.MaxConcurrentConnections = MaxConnections;
                limits.RequestHeadersTimeout = Patience;
                limits.KeepAliveTimeout = Patience;
                // A GET has the request in base64, each of whose characters may take three.
                limits.MaxRequestLineSize = OcspResponder.MaxRequestBytes * 4;
                limits.MaxRequestBufferSize = OcspResponder.MaxRequestBytes * 4;
            }
        );
        var server = builder.Build();
        server.Run(context => AnswerAsync(context, responder));
        try
        {
            await server.StartAsync(cancellation).ConfigureAwait(false);
        }
        catch (IOException failed)
        {
            await server.DisposeAsync().ConfigureAwait(false);
            throw new PkiException($"Cannot listen on {bind}: {failed.Message} Stop what uses it, or give --listen another port.", failed);
        }
        return new OcspServer(server, new IPEndPoint(bind.Address, new Uri(server.Urls.First()).Port));
    }

    /// <summary>Stops at once: a client that is cut off asks again.</summary>
    public async ValueTask DisposeAsync()
    {
        await _server.StopAsync(new CancellationToken(canceled: true)).ConfigureAwait(false);
        await _server.DisposeAsync().ConfigureAwait(false);
    }

    private static async Task AnswerAsync(HttpContext context, OcspResponder responder)
    {
        byte[]? request;
        if (HttpMethods.IsPost(context.Request.Method))
        {
            request = await ReadBodyAsync(context).ConfigureAwait(false);
        }
        else if (HttpMethods.IsGet(context.Request.Method))
        {
            request = ReadPath(context);
        }
        else
        {
            context.Response.StatusCode = StatusCodes.Status405MethodNotAllowed;
            context.Response.Headers.Allow = "GET, POST";
            return;
        }
        if (request is null)
        {
            // Kestrel's own answer to a body that is too large; a path that is no base64 is a malformed request.
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            return;
        }
        context.Response.ContentType = AnswerType;
        var answer = responder.Answer(request);
        context.Response.ContentLength = answer.Length;
        await context.Response.Body.WriteAsync(answer, context.RequestAborted).ConfigureAwait(false);
    }

    private static async Task<byte[]> ReadBodyAsync(HttpContext context)
    {
        using MemoryStream body = new();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted).ConfigureAwait(false);
        return body.ToArray();
    }

    /// <summary>From the raw target: base64 has slashes, which a decoded path cannot tell from separators.</summary>
    private static byte[]? ReadPath(HttpContext context)
    {
        var target = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        var text = Uri.UnescapeDataString(target.TrimStart('/'));
        var buffer = new byte[text.Length];
        return Convert.TryFromBase64String(text, buffer, out var length) ? buffer[..length] : null;
    }
}
