namespace TlsGateway.Actors.Balancing;

/// <summary>Bytes between one loop and the endpoints of a <see cref="ConfiguredEndpoint"/>. Written by that loop, read by anyone.</summary>
internal sealed class EndpointTraffic
{
    private long _received;
    private long _sent;

    public long Received => Volatile.Read(ref _received);

    public long Sent => Volatile.Read(ref _sent);

    public void CountReceived(int bytes) => Volatile.Write(ref _received, _received + bytes);

    public void CountSent(int bytes) => Volatile.Write(ref _sent, _sent + bytes);
}
