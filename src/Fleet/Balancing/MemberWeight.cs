namespace TlsGateway.Fleet.Balancing;

/// <summary>What members are compared by: a connection that is open weighs 1 (memory), a handshake each second weighs 10 (it costs about what an open connection with some traffic costs in ten seconds).</summary>
public static class MemberWeight
{
    public const double OfHandshakeRate = 10;

    public static double Of(long connections, double handshakesPerSecond) => connections + (OfHandshakeRate * handshakesPerSecond);
}
