using TlsGateway.Actors.Settings;
using TlsGateway.Tls;

namespace TlsGateway.Actors.Balancing;

/// <summary>Makes the TLS sessions with an upstream's endpoints. Any thread.</summary>
/// <param name="settings">Of the upstream.</param>
/// <param name="context">Made from them; owned from here on.</param>
internal sealed class UpstreamTls(UpstreamTlsSettings settings, ITlsContext context) : IDisposable
{
    /// <summary>A session with one endpoint.</summary>
    /// <param name="endpoint">Which.</param>
    /// <param name="host">Its host name; "" for none.</param>
    /// <param name="client">What the client asked for.</param>
    /// <param name="buffers">Of the loop.</param>
    public ITlsSession CreateSession(Endpoint endpoint, string host, in ClientWishes client, ITlsBufferPool buffers)
    {
        var serverName =
            settings.CopiesServerName && client.ServerName.Length > 0 ? client.ServerName
            : settings.ServerName.Length > 0 ? settings.ServerName
            : host.Length > 0 ? host
            : endpoint.UnixPath is null ? endpoint.Address.ToIPEndPoint().Address.ToString()
            : null;
        return context.CreateSession(
            buffers,
            new TlsServerTarget
            {
                ServerName = serverName,
                ExpectedName = settings.ExpectedName.Length > 0 ? settings.ExpectedName : null,
                ApplicationProtocols = settings.CopiesApplicationProtocol
                    ? (client.ApplicationProtocol.Length > 0 ? [client.ApplicationProtocol] : null)
                    : settings.ApplicationProtocols,
                ResumptionKey = endpoint.ToString(),
            }
        );
    }

    /// <summary>Whether what the endpoint chose is what the client was promised.</summary>
    public bool Agrees(ITlsSession session, in ClientWishes client) =>
        !settings.CopiesApplicationProtocol
        || client.ApplicationProtocol.Length == 0
        || session.DescribeSession().ApplicationProtocol == client.ApplicationProtocol;

    public void Dispose() => context.Dispose();
}

/// <summary>What is copied from the client's session to that with the upstream; "" for what it did not ask for.</summary>
/// <param name="ServerName">SNI.</param>
/// <param name="ApplicationProtocol">ALPN as agreed with it.</param>
internal readonly record struct ClientWishes(string ServerName, string ApplicationProtocol);
