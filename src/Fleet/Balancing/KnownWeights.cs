using Akka.Actor;

namespace TlsGateway.Fleet.Balancing;

/// <summary>Weights of the members that may take connections, as they were heard, with what was sent to them since. Any thread.</summary>
internal sealed class KnownWeights
{
    private readonly Lock _lock = new();
    private readonly Dictionary<Address, double> _weights = [];

    /// <summary>This member's.</summary>
    public double Own { get; private set; }

    /// <summary>Those of others.</summary>
    public IReadOnlyCollection<double> Others
    {
        get
        {
            lock (_lock)
            {
                return [.. _weights.Values];
            }
        }
    }

    public void Use(double own, IEnumerable<KeyValuePair<Address, double>> others)
    {
        lock (_lock)
        {
            Own = own;
            _weights.Clear();
            foreach (var (member, weight) in others)
            {
                _weights[member] = weight;
            }
        }
    }

    /// <summary>Null: it may take none.</summary>
    public double? Find(Address member)
    {
        lock (_lock)
        {
            return _weights.TryGetValue(member, out var weight) ? weight : null;
        }
    }

    /// <summary>It is about to get so many connections more.</summary>
    public void Add(Address member, double weight)
    {
        lock (_lock)
        {
            if (_weights.TryGetValue(member, out var known))
            {
                _weights[member] = known + weight;
            }
        }
    }
}
