using System.Net;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace TlsGateway.Interop.Tests.Support;

/// <summary>Kestrel on loopback in plain text: /hello, /hash (SHA-256 of the body, in hex), /download (<see cref="Download"/>).</summary>
internal sealed class HttpUpstream : IAsyncDisposable
{
    private readonly WebApplication _app;

    private HttpUpstream(WebApplication app, IPEndPoint endPoint)
    {
        _app = app;
        EndPoint = endPoint;
    }

    public static byte[] Download { get; } = SeededBytes.Make(seed: 2, 10 * 1024 * 1024);

    public IPEndPoint EndPoint { get; }

    /// <summary>With <see cref="HttpProtocols.Http2"/>, prior knowledge: no upgrade.</summary>
    public static async Task<HttpUpstream> StartAsync(HttpProtocols protocol)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            // The client says https, the connection from the gateway is plain.
            kestrel.AllowAlternateSchemes = true;
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = protocol);
        });
        var app = builder.Build();
        app.MapGet("/hello", () => "hello");
        app.MapGet("/download", () => Results.Bytes(Download));
        app.MapPost("/hash", async (HttpRequest request) => Convert.ToHexString(await SHA256.HashDataAsync(request.Body)));
        await app.StartAsync();
        var address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        return new HttpUpstream(app, new IPEndPoint(IPAddress.Loopback, new Uri(address).Port));
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
