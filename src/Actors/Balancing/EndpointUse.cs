namespace TlsGateway.Actors.Balancing;

/// <summary>One connection's place at an endpoint, from the attempt to connect to its end. A value: one holder, who calls <see cref="End"/> once.</summary>
/// <param name="Endpoint">Where.</param>
/// <param name="Upstream">For which upstream.</param>
/// <param name="IsTrial">As <see cref="Endpoint.TryEnter"/>.</param>
internal readonly record struct EndpointUse(Endpoint Endpoint, Upstream Upstream, bool IsTrial)
{
    /// <summary>The endpoint took the connection, and TLS where it is spoken: a trial is over. Failures are forgotten at <see cref="Answered"/> only: an endpoint may accept and then reset.</summary>
    public void Connected()
    {
        if (IsTrial)
            Upstream.Group.TrialSucceeded(Endpoint);
    }

    /// <summary>The endpoint sent its first byte, or ended in order.</summary>
    public void Answered() => Endpoint.ClearFailures();

    /// <summary>The connection failed on it: could not be made, or was reset before its first byte.</summary>
    public void Failed()
    {
        var failures = Endpoint.CountFailure();
        if (IsTrial || (Upstream.Settings.Outliers.Failures is > 0 and var limit && failures >= limit && failures % limit == 0))
            Upstream.Group.ReportFailures(Endpoint);
    }

    /// <summary>Gives the place back, to a connection that waits for one.</summary>
    /// <param name="isUndecided">It never came to <see cref="Connected"/> or <see cref="Failed"/>.</param>
    public void End(bool isUndecided)
    {
        if (IsTrial && isUndecided)
            Endpoint.EndTrial();
        Endpoint.Leave();
        Upstream.Group.Queue.WakeOne();
    }
}
