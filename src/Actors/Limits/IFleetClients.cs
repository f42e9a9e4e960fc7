namespace TlsGateway.Actors.Limits;

/// <summary>The data path's side of limits that hold for a client network over a whole fleet. Any thread; quick.</summary>
public interface IFleetClients
{
    /// <summary>What the networks have here that have a share worth telling; null: there is no such limit. Called by one, once a second.</summary>
    /// <param name="members">Of the fleet, this one included.</param>
    ClientUse? Read(int members);

    /// <summary>What networks have at all other members together: connections by now, handshakes since it was said last. What is not in it is as it was.</summary>
    void Hear(IReadOnlyList<NetworkUse> elsewhere);
}
