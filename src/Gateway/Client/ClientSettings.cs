using System.Net;
using TlsGateway.Tls;

namespace TlsGateway.Gateway.Client;

/// <summary>What <c>gateway client</c> was asked to do, checked.</summary>
/// <param name="Target">HOST:PORT as given, for messages.</param>
/// <param name="Addresses">Of the host, in the order to try.</param>
/// <param name="Engine">Who speaks TLS.</param>
/// <param name="Tls">Server name, versions, authorities, certificate.</param>
/// <param name="StartTls">What is spoken before TLS; null: nothing.</param>
/// <param name="Resumptions">Connections after the first, each with the session of the one before.</param>
/// <param name="HasCommands">A line of one letter on standard input is a command.</param>
/// <param name="IsVerified">The server's certificate is verified.</param>
internal sealed record ClientSettings(
    string Target,
    IReadOnlyList<IPEndPoint> Addresses,
    TlsEngine Engine,
    TlsClientSettings Tls,
    string? StartTls,
    int Resumptions,
    bool HasCommands,
    bool IsVerified
);
