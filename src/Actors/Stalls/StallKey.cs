using System.Numerics;

namespace TlsGateway.Actors.Stalls;

/// <summary>One cell of operation × want × leg × cause: an index below <see cref="Count"/>.</summary>
public readonly record struct StallKey(byte Index)
{
    private const int Causes = 3;
    private const int Legs = 2;
    private const int Wants = 2;
    private const int Operations = 5;

    /// <summary>Cells there are; below 64, so that a set of them is one <see cref="ulong"/>.</summary>
    public const int Count = Operations * Wants * Legs * Causes;

    public StallKey(StallOperation operation, StallWant want, StallLeg leg, StallCause cause)
        : this((byte)(((((((int)operation * Wants) + (int)want) * Legs) + (int)leg) * Causes) + (int)cause)) { }

    public StallCause Cause => (StallCause)(Index % Causes);

    public StallLeg Leg => (StallLeg)(Index / Causes % Legs);

    public StallWant Want => (StallWant)(Index / (Causes * Legs) % Wants);

    public StallOperation Operation => (StallOperation)(Index / (Causes * Legs * Wants));

    /// <summary>
    /// A leg that does not read because the other leg's peer does not drain. As a rule that peer's write stall stands behind it, and says more.
    /// </summary>
    public bool IsConsequence =>
        Operation == StallOperation.Read
        && Want == StallWant.Write
        && Cause == (Leg == StallLeg.Downstream ? StallCause.Upstream : StallCause.Client);

    /// <summary>The set of this key alone.</summary>
    public ulong Mask => 1UL << Index;

    /// <summary>The keys of one leg: which bits of a set it may touch.</summary>
    public static ulong LegMask(StallLeg leg)
    {
        var mask = 0UL;
        for (byte i = 0; i < Count; i++)
        {
            if (new StallKey(i).Leg == leg)
                mask |= 1UL << i;
        }

        return mask;
    }

    /// <summary>The key of lowest index in a set that is not empty.</summary>
    public static StallKey First(ulong set) => new((byte)BitOperations.TrailingZeroCount(set));
}
