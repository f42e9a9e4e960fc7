using TlsGateway.Actors.Settings;
using TlsGateway.Transport;

namespace TlsGateway.Actors.Limits;

/// <summary>
/// A <see cref="LimitScope"/> for each client network that is connected or was a moment ago. Clients decide how many there are, so they are bounded: networks for which there is no room share
/// one scope, and with it its limits. Any thread.
/// </summary>
internal sealed class ClientTable
{
    /// <summary>About 300 bytes each.</summary>
    public const int MaxNetworks = 128 * 1024;

    private const int Shards = 64;

    private readonly Shard[] _shards;
    private ClientLimitSettings _settings = ClientLimitSettings.None;

    public ClientTable(int maxNetworks = MaxNetworks)
    {
        _shards = new Shard[Shards];
        for (var i = 0; i < Shards; i++)
            _shards[i] = new Shard(Math.Max(1, maxNetworks / Shards));
    }

    public ClientLimitSettings Settings
    {
        get => Volatile.Read(ref _settings);
        set => Volatile.Write(ref _settings, value);
    }

    /// <summary>Networks that are remembered.</summary>
    public int Count => _shards.Sum(static shard => shard.Count);

    /// <summary>Takes a place for one connection from <paramref name="client"/>.</summary>
    /// <param name="client">Its address.</param>
    /// <param name="now">The loop's clock.</param>
    /// <param name="scope">The network's; to be left when the connection ends, if it was admitted.</param>
    public LimitVerdict TryEnter(in InetEndPoint client, long now, out LimitScope scope)
    {
        var settings = Settings;
        var network = NetworkOf(client, settings);
        return ShardOf(network).TryEnter(network, settings.Limits, now, out scope);
    }

    /// <summary>Takes over what a network has at other members of the fleet. One that is full and does not know the network goes on without it.</summary>
    /// <param name="elsewhere">Connections at all of them; handshakes that come on top.</param>
    /// <param name="now">The loop's clock.</param>
    /// <param name="mostDebt">Nanoseconds that the handshakes make it wait at most.</param>
    public void Hear(in NetworkUse elsewhere, long now, long mostDebt) =>
        ShardOf(elsewhere.Network).Hear(elsewhere, Settings.Limits, now, mostDebt);

    /// <summary>Shows each network, with its scope. Quick: connections of other networks wait for it.</summary>
    public void Visit(Action<UInt128, LimitScope> visit)
    {
        foreach (var shard in _shards)
            shard.Visit(visit);
    }

    /// <summary>The network of an address: its first bits, the rest zero.</summary>
    internal static UInt128 NetworkOf(in InetEndPoint client, ClientLimitSettings settings)
    {
        const int AddressBits = 128;
        const int MappedBits = 96;
        var length = client.IsIPv4 ? MappedBits + settings.IPv4Prefix : settings.IPv6Prefix;
        return client.AddressBits & (length == 0 ? UInt128.Zero : UInt128.MaxValue << (AddressBits - length));
    }

    private Shard ShardOf(UInt128 network) => _shards[(int)((ulong)network.GetHashCode() % Shards)];

    private sealed class Shard(int capacity)
    {
        private readonly Lock _lock = new();
        private readonly Dictionary<UInt128, LimitScope> _scopes = [];
        private readonly LimitScope _others = new();
        private int _sweepAt = Math.Min(capacity, 64);

        public int Count
        {
            get
            {
                lock (_lock)
                    return _scopes.Count;
            }
        }

        public LimitVerdict TryEnter(UInt128 network, LimitSettings settings, long now, out LimitScope scope)
        {
            // Within the lock, so that no sweep forgets a scope between finding and entering it.
            lock (_lock)
            {
                scope = Find(network, now);
                scope.Use(settings);
                return scope.TryEnter(now);
            }
        }

        public void Hear(in NetworkUse elsewhere, LimitSettings settings, long now, long mostDebt)
        {
            lock (_lock)
            {
                var isNothing = elsewhere is { Connections: 0, Handshakes: 0 };
                if (isNothing && !_scopes.ContainsKey(elsewhere.Network))
                    return;
                var scope = Find(elsewhere.Network, now);
                if (ReferenceEquals(scope, _others))
                    return;
                scope.Use(settings);
                scope.Elsewhere = elsewhere.Connections;
                scope.HandshakeRate.Charge(now, elsewhere.Handshakes, mostDebt);
            }
        }

        public void Visit(Action<UInt128, LimitScope> visit)
        {
            lock (_lock)
            {
                foreach (var (network, scope) in _scopes)
                    visit(network, scope);
            }
        }

        private LimitScope Find(UInt128 network, long now)
        {
            if (_scopes.TryGetValue(network, out var scope))
                return scope;
            if (_scopes.Count >= _sweepAt)
                Sweep(now);
            if (_scopes.Count >= capacity)
                return _others;
            scope = new LimitScope();
            _scopes.Add(network, scope);
            return scope;
        }

        /// <summary>Forgets the networks that have nothing. At double the size that is left, so that its cost is spread over as many that come.</summary>
        private void Sweep(long now)
        {
            foreach (var (network, scope) in _scopes)
            {
                if (scope.IsIdle(now))
                    _scopes.Remove(network);
            }

            _sweepAt = Math.Min(capacity, Math.Max(64, _scopes.Count * 2));
        }
    }
}
