using System.Runtime.InteropServices;

namespace TlsGateway.Actors.Usage;

/// <summary>
/// The keys with the most of something, in bounded memory: Space-Saving (Metwally, Agrawal, El Abbadi, 2005). A key that has more than one part in <see cref="Capacity"/> of all is
/// certainly among them; a count is too high by <see cref="UsageCount.Error"/> at most. One thread.
/// </summary>
internal sealed class HeavyHitters
{
    public const int Capacity = 128;

    private readonly Dictionary<UsageKey, int> _places = [];
    private readonly List<UsageCount> _counts = [];

    public void Add(in UsageKey key, long amount)
    {
        if (_places.TryGetValue(key, out var place))
        {
            ref var known = ref CollectionsMarshal.AsSpan(_counts)[place];
            known = known with { Amount = known.Amount + amount };
        }
        else if (_counts.Count < Capacity)
        {
            _places.Add(key, _counts.Count);
            _counts.Add(new UsageCount(key, amount, 0));
        }
        else
        {
            // The least takes the newcomer's name, and what it had is what the newcomer may have had before.
            var least = 0;
            for (var i = 1; i < _counts.Count; i++)
            {
                if (_counts[i].Amount < _counts[least].Amount)
                    least = i;
            }

            var gone = _counts[least];
            _places.Remove(gone.Key);
            _places.Add(key, least);
            _counts[least] = new UsageCount(key, gone.Amount + amount, gone.Amount);
        }
    }

    /// <summary>As they are now.</summary>
    public IReadOnlyList<UsageCount> Counts => [.. _counts];

    public void Clear()
    {
        _places.Clear();
        _counts.Clear();
    }
}

/// <summary>An amount of one key.</summary>
/// <param name="Key">Whose.</param>
/// <param name="Amount">At most.</param>
/// <param name="Error">So much of it may be others'.</param>
public readonly record struct UsageCount(UsageKey Key, long Amount, long Error);
