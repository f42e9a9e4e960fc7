using TlsGateway.Transport;

namespace TlsGateway.Actors.Relaying;

/// <summary>A client's connection that one member hands to another.</summary>
/// <param name="Listener">Where it was accepted; the other has one of this name too.</param>
/// <param name="Origin">The member that accepted it, as it is known in the fleet.</param>
/// <param name="Client">As the origin saw it.</param>
/// <param name="Destination">Where it connected to.</param>
internal sealed record RelayRequest(string Listener, string Origin, InetEndPoint Client, InetEndPoint Destination);
