using Akka.Coordination;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using TlsGateway.Kubernetes.Leases;

namespace TlsGateway.Kubernetes.Tests.Leases;

/// <summary>From when to when a lease is held, to the millisecond, where answers are late.</summary>
public sealed class LeaseTimeTests
{
    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(1);

    private readonly FakeTimeProvider _clock = new();
    private readonly ModelLeases _leases = new();
    private readonly KubernetesLease _lease;
    private readonly List<Exception> _losses = [];

    public LeaseTimeTests()
    {
        // Whatever is continued, is continued where it stands.
        SynchronizationContext.SetSynchronizationContext(null);
        TimeoutSettings times = new(TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(4));
        _lease = new(
            new LeaseSettings("fleet", "me", times, Akka.Configuration.Config.Empty),
            _leases.CreateClient(0),
            _clock,
            static () => 0,
            NullLogger.Instance
        );
    }

    [Fact]
    public void An_acquisition_counts_from_when_it_was_sent()
    {
        var acquiring = _lease.Acquire(_losses.Add);
        Deliver();
        // The write is under way for three seconds.
        _clock.Advance(TimeSpan.FromSeconds(3));
        Deliver();
        Assert.True(acquiring.IsCompletedSuccessfully && _lease.CheckLease());

        LetNothingThroughFor(TimeSpan.FromSeconds(27) - Moment);
        Assert.True(_lease.CheckLease());
        Assert.Empty(_losses);
        _clock.Advance(Moment);
        Assert.False(_lease.CheckLease());
        Assert.IsType<LeaseTimeoutException>(Assert.Single(_losses));
    }

    [Fact]
    public void A_renewal_counts_from_when_it_was_sent()
    {
        _ = _lease.Acquire(_losses.Add);
        Deliver();
        Deliver();
        _clock.Advance(TimeSpan.FromSeconds(5));
        _clock.Advance(TimeSpan.FromSeconds(3));
        Deliver();

        LetNothingThroughFor(TimeSpan.FromSeconds(27) - Moment);
        Assert.True(_lease.CheckLease());
        _clock.Advance(Moment);
        Assert.False(_lease.CheckLease());
        Assert.Single(_losses);
    }

    [Fact]
    public void A_release_that_overtakes_an_acquisition_still_releases()
    {
        var acquiring = _lease.Acquire(_losses.Add);
        var releasing = _lease.Release();
        Deliver();
        Deliver();
        Assert.True(acquiring.IsCompletedSuccessfully);
        Deliver();
        Assert.False(_lease.CheckLease());
        Deliver();
        Assert.True(releasing.IsCompletedSuccessfully);

        Assert.Empty(_losses);
        _clock.Advance(TimeSpan.FromMinutes(1));
        Assert.Empty(_leases.Messages);
    }

    [Fact]
    public void A_loss_is_told_before_an_acquisition_that_finds_it()
    {
        _ = _lease.Acquire(_losses.Add);
        Deliver();
        Deliver();
        LetNothingThroughFor(TimeSpan.FromSeconds(30));
        Assert.Single(_losses);

        _leases.Messages.Clear();
        var again = _lease.Acquire(_losses.Add);
        Deliver();
        Deliver();
        Assert.True(again.IsCompletedSuccessfully && _lease.CheckLease());
        Assert.Single(_losses);
    }

    /// <summary>The one request that is under way arrives, and its answer does.</summary>
    private void Deliver()
    {
        var message = Assert.Single(_leases.Messages);
        _leases.Messages.Clear();
        message.Move();
        message.Move();
    }

    private void LetNothingThroughFor(TimeSpan time)
    {
        // In small steps, as time goes: each wait begins when the one before is over.
        var step = TimeSpan.FromMilliseconds(250);
        for (; time > step; time -= step)
        {
            _clock.Advance(step);
        }
        _clock.Advance(time);
        _leases.Messages.Clear();
    }
}
