using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;
using TlsGateway.Actors.Balancing;
using TlsGateway.Actors.ProxyProtocol;
using TlsGateway.Actors.Settings;

namespace TlsGateway.Actors.Health;

/// <summary>Checks endpoints over real sockets, each time on a connection of its own. A PROXY header, where the endpoint expects one, says LOCAL.</summary>
internal sealed class EndpointProbe(TimeProvider time) : IEndpointProbe
{
    private const int BodyBytes = 64 * 1024;

    public async Task<EndpointCheck> CheckAsync(Endpoint endpoint, Upstream upstream, CancellationToken timeout)
    {
        var check = upstream.Settings.HealthCheck!;
        try
        {
            var detail = check.Kind switch
            {
                HealthCheckKind.Http or HealthCheckKind.Https => await GetAsync(endpoint, upstream, check, timeout).ConfigureAwait(false),
                _ => await ConnectAsync(endpoint, upstream, check, timeout).ConfigureAwait(false),
            };
            return new EndpointCheck(detail is null, detail ?? "passed", time.GetUtcNow());
        }
        catch (OperationCanceledException)
        {
            return Failed($"no answer within {check.Timeout.TotalSeconds:0.###} s");
        }
        catch (Exception failed) when (failed is SocketException or IOException or AuthenticationException or HttpRequestException)
        {
            return Failed(Reason(failed));
        }

        EndpointCheck Failed(string why) => new(false, why, time.GetUtcNow());
    }

    private static async Task<string?> ConnectAsync(
        Endpoint endpoint,
        Upstream upstream,
        HealthCheckSettings check,
        CancellationToken timeout
    )
    {
        var stream = await OpenAsync(endpoint, upstream, check, timeout).ConfigureAwait(false);
        await using var closed = stream.ConfigureAwait(false);
        return null;
    }

    private static async Task<string?> GetAsync(Endpoint endpoint, Upstream upstream, HealthCheckSettings check, CancellationToken timeout)
    {
        using var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false,
            ConnectCallback = async (_, cancellation) => await OpenAsync(endpoint, upstream, check, cancellation).ConfigureAwait(false),
        };
        using var client = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
        // Plain to the handler: OpenAsync has spoken TLS where it is spoken.
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri("http://endpoint" + check.Path));
        request.Headers.Host = HostOf(endpoint, upstream.HostOf(endpoint), check);
        request.Headers.UserAgent.ParseAdd("tls-gateway-health");
        request.Headers.ConnectionClose = true;
        using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, timeout).ConfigureAwait(false);
        var status = (int)response.StatusCode;
        if (status < check.Status.From || status > check.Status.To)
            return $"status {status}";
        if (check.Body.Length == 0)
            return null;
        var body = await response.Content.ReadAsStreamAsync(timeout).ConfigureAwait(false);
        var read = new byte[BodyBytes];
        var length = await body.ReadAtLeastAsync(read, read.Length, throwOnEndOfStream: false, timeout).ConfigureAwait(false);
        return read.AsSpan(0, length).IndexOf(Encoding.UTF8.GetBytes(check.Body)) >= 0 ? null : $"status {status}, but not the body";
    }

    private static async Task<Stream> OpenAsync(Endpoint endpoint, Upstream upstream, HealthCheckSettings check, CancellationToken timeout)
    {
        EndPoint address = endpoint.UnixPath is { } path
            ? new UnixDomainSocketEndPoint(path)
            : (check.Port == 0 ? endpoint.Address : endpoint.Address.WithPort((ushort)check.Port)).ToIPEndPoint();
        var socket = new Socket(
            address.AddressFamily,
            SocketType.Stream,
            address is UnixDomainSocketEndPoint ? ProtocolType.Unspecified : ProtocolType.Tcp
        );
        try
        {
            await socket.ConnectAsync(address, timeout).ConfigureAwait(false);
            Stream stream = new NetworkStream(socket, ownsSocket: true);
            await stream.WriteAsync(LocalHeader(upstream.Settings.ProxyProtocol), timeout).ConfigureAwait(false);
            if (check.Kind is HealthCheckKind.Tls or HealthCheckKind.Https)
                stream = await SecureAsync(stream, HostOf(endpoint, upstream.HostOf(endpoint), check), timeout).ConfigureAwait(false);
            return stream;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    [SuppressMessage(
        "Security",
        "CA5359:Do not disable certificate validation",
        Justification = "A check asks whether the endpoint answers and sends it nothing secret. Connections verify by themselves, and what fails there takes the endpoint out."
    )]
    private static async Task<Stream> SecureAsync(Stream plain, string host, CancellationToken timeout)
    {
        var tls = new SslStream(plain);
        await tls.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions { TargetHost = host, RemoteCertificateValidationCallback = static (_, _, _, _) => true },
                timeout
            )
            .ConfigureAwait(false);
        return tls;
    }

    private static string HostOf(Endpoint endpoint, string upstreamHost, HealthCheckSettings check)
    {
        if (check.Host.Length > 0)
            return check.Host;
        if (upstreamHost.Length > 0)
            return upstreamHost;
        return endpoint.UnixPath is null ? endpoint.Address.ToIPEndPoint().Address.ToString() : "localhost";
    }

    private static byte[] LocalHeader(ProxyProtocolVersion version)
    {
        if (version == ProxyProtocolVersion.None)
            return [];
        var header = new ProxyHeader { IsLocal = true };
        var bytes = new byte[ProxyHeaderWriter.MaxBytes];
        var length =
            version == ProxyProtocolVersion.V1
                ? ProxyHeaderWriter.WriteVersion1(header, bytes)
                : ProxyHeaderWriter.WriteVersion2(header, bytes);
        return bytes[..length];
    }

    private static string Reason(Exception failed) =>
        failed switch
        {
            HttpRequestException { InnerException: { } inner } => Reason(inner),
            SocketException { SocketErrorCode: SocketError.ConnectionRefused } => "connection refused",
            SocketException socket => socket.SocketErrorCode.ToString(),
            IOException { InnerException: SocketException inner } => Reason(inner),
            AuthenticationException => "the TLS handshake failed",
            HttpRequestException => "no HTTP answer",
            _ => "the connection ended early",
        };
}
