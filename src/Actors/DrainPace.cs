namespace TlsGateway.Actors;

/// <summary>
/// Spreads the closing of some connections evenly over some steps. It goes by how many were told to close, not only by how many are still open: a client that is slow to end, or gone without a word, must not make
/// it faster. What could not be told in its step is spread over those that are left.
/// </summary>
/// <param name="open">Connections that there are, 0 or more.</param>
/// <param name="steps">1 or more.</param>
/// <param name="credit">0 to below 1: how much of a connection is due before the first step. Another for each of many paces, so that they do not all come to a whole connection in the same step.</param>
internal sealed class DrainPace(long open, int steps, double credit)
{
    // The line that is followed: from so many to none in so many steps.
    private long _from = open;
    private int _steps = steps;
    private int _at;
    private long _told;

    /// <summary>Takes a step.</summary>
    /// <param name="open">Connections that there are now.</param>
    /// <returns>How many are due.</returns>
    public int Next(long open)
    {
        _at++;
        var left = Left(open);
        var planned = _at >= _steps ? _from : (long)Math.Floor(credit + ((double)_from * _at / _steps));
        return (int)Math.Clamp(planned - (_from - left), 0, Math.Min(left, int.MaxValue));
    }

    /// <summary>So many were told to close of those that were due.</summary>
    /// <param name="count">0 to <paramref name="due"/>.</param>
    /// <param name="due">As the step said.</param>
    /// <param name="open">As the step was told.</param>
    public void Told(int count, int due, long open)
    {
        _told += count;
        if (count < due)
            (_from, _steps, _at, _told) = (Left(open), Math.Max(1, _steps - _at), 0, 0);
    }

    private long Left(long open) => Math.Clamp(Math.Min(open, _from - _told), 0, _from);
}
