using TlsGateway.Tls.ClientCertificates;
using TlsGateway.Transport;

namespace TlsGateway.Actors.Routing;

/// <summary>What is known of a connection when its route is chosen.</summary>
/// <param name="ServerName">Lower case, "" for none.</param>
/// <param name="ApplicationProtocols">Those that the client offers.</param>
/// <param name="Client">Its address.</param>
/// <param name="LocalPort">The port that it came to.</param>
/// <param name="Ja4">"" where no route of the table asks (<see cref="RouteTable.UsesJa4"/>).</param>
public readonly record struct RouteRequest(
    string ServerName,
    IReadOnlyList<string> ApplicationProtocols,
    InetEndPoint Client,
    int LocalPort,
    string Ja4
)
{
    /// <summary>The handshake is over, so <see cref="Certificate"/> is known.</summary>
    public bool AfterHandshake { get; init; }

    /// <summary>Null: the client showed none.</summary>
    public TlsPeerCertificate? Certificate { get; init; }
}
