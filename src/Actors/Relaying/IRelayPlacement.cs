using TlsGateway.Transport;

namespace TlsGateway.Actors.Relaying;

/// <summary>Says which connections another member takes. Asked for each one that is accepted, on the loops: quick, and allocates nothing.</summary>
public interface IRelayPlacement
{
    /// <summary>Null: this member serves it.</summary>
    RelayTarget? Place();
}

/// <summary>A member that takes connections.</summary>
/// <param name="Member">As it is known in the fleet.</param>
/// <param name="Address">Of its relay port.</param>
public sealed record RelayTarget(string Member, InetEndPoint Address);
