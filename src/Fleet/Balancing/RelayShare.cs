namespace TlsGateway.Fleet.Balancing;

/// <summary>
/// Decides which share of its new connections a member hands to others. Pure but for what it remembers. It begins above <see cref="RelayingSettings.Ratio"/> times the average and gives way only near the average
/// (hysteresis); steps are in proportion to the excess, so that members whose view is a second old do not swing.
/// </summary>
public sealed class RelayShare(RelayingSettings settings)
{
    /// <summary>Some are always served here: a member that only passed on would not know what serving costs.</summary>
    public const double Most = 0.95;

    /// <summary>Of the excess that is corrected in one step.</summary>
    private const double Gain = 0.5;

    /// <summary>A smaller share is none.</summary>
    private const double Least = 0.02;

    /// <summary>0 to <see cref="Most"/>.</summary>
    public double Current { get; private set; }

    /// <summary>Looks once more; about once a second.</summary>
    /// <param name="own">This member's weight.</param>
    /// <param name="others">Of those that may take connections.</param>
    public double Next(double own, IReadOnlyCollection<double> others)
    {
        if (others.Count == 0)
        {
            return Current = 0;
        }
        var average = (own + others.Sum()) / (others.Count + 1);
        var below = 1 + ((settings.Ratio - 1) / 4);
        if (own < settings.Minimum || own <= 0)
        {
            Current /= 2;
        }
        else if (own > average * settings.Ratio)
        {
            Current += Gain * (1 - Current) * (1 - (average / own));
        }
        else if (own < average * below)
        {
            // In proportion to what is missing, and a little at the average: what was above it has gone.
            Current *= Math.Clamp((own / average) - 0.02, 0.5, 0.98);
        }
        return Current = Current < Least ? 0 : Math.Min(Current, Most);
    }
}
