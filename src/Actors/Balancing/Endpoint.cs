using TlsGateway.Actors.Settings;
using TlsGateway.Transport;

namespace TlsGateway.Actors.Balancing;

/// <summary>An endpoint as all loops share it: how many connections it has. Outlives the generation that it came with, so that a reload forgets none. Any thread.</summary>
public sealed class Endpoint(InetEndPoint address)
{
    private int _connections;

    public InetEndPoint Address { get; } = address;

    /// <summary>Open, and being made.</summary>
    public int Connections => Volatile.Read(ref _connections);

    internal void Enter() => Interlocked.Increment(ref _connections);

    internal void Leave() => Interlocked.Decrement(ref _connections);

    /// <summary>A number that is the same in every process, for hashing.</summary>
    internal ulong Identity
    {
        get
        {
            var bits = Address.AddressBits;
            return StableHash.Of((ulong)(bits >> 64), (ulong)bits, Address.Port);
        }
    }

    public override string ToString() => Address.ToString();
}
