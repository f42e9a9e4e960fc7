using System.Net;
using TlsGateway.Actors.Settings;
using TlsGateway.Tls;

namespace TlsGateway.Interop.Tests.Support;

/// <summary>For tests whose peer is a small program of ours for another language's TLS library.</summary>
internal static class ProgramClients
{
    /// <summary>The path of a file in Clients/Peers.</summary>
    public static string Source(string name) => Path.Combine(AppContext.BaseDirectory, "Clients", "Peers", name);

    /// <summary>A listener that speaks http/1.1 by ALPN.</summary>
    public static ListenerSettings Listener(TlsCertificate certificate, IPEndPoint upstream, TlsEngine engine)
    {
        var listener = RunningGateway.Listener(certificate, upstream);
        return listener with { Engine = engine, Tls = listener.Tls with { ApplicationProtocols = ["http/1.1"] } };
    }
}
