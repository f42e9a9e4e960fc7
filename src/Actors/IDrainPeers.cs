namespace TlsGateway.Actors;

/// <summary>The other members of a fleet, as a gateway that drains needs them. Any thread; quick.</summary>
public interface IDrainPeers
{
    /// <summary>How many connections they can take at present.</summary>
    long Room { get; }

    /// <summary>Has a member close connections that are relayed to it from here, with close_notify.</summary>
    /// <param name="member">As <see cref="Relaying.RelayTarget.Member"/>.</param>
    /// <param name="count">At most so many, 1 or more.</param>
    /// <param name="idle">Those on which nothing has happened for so long, the longest idle first.</param>
    void CloseIdleRelayed(string member, int count, TimeSpan idle);

    /// <summary>Has all members close what is relayed to them from here, with close_notify.</summary>
    void EndRelays();
}
