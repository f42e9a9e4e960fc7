using Akka.Coordination;
using TlsGateway.Kubernetes.Leases;
using TlsGateway.Kubernetes.Tests.Support;

namespace TlsGateway.Kubernetes.Tests.Leases;

/// <summary>Against an API server that speaks the real protocol.</summary>
public sealed class KubernetesLeaseTests : IAsyncLifetime
{
    private const string LongAgo = "2020-01-01T00:00:00.000001Z";
    private const string FarAhead = "2040-01-01T00:00:00.000001Z";

    private LeaseFixture _fixture = null!;

    private FakeApiServer Server => _fixture.Server;

    private string? Holder => Server.Leases.HolderOf(LeaseFixture.Name);

    public async ValueTask InitializeAsync() => _fixture = await LeaseFixture.CreateAsync();

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    [Fact]
    public async Task The_first_one_makes_the_object_and_holds_it()
    {
        var mine = _fixture.Create();
        var others = _fixture.Create(LeaseFixture.Other);
        Assert.False(mine.CheckLease());

        Assert.True(await mine.Acquire());
        Assert.False(await others.Acquire());

        Assert.True(mine.CheckLease());
        Assert.False(others.CheckLease());
        var spec = Server.Leases.Find(LeaseFixture.Name)!["spec"]!;
        Assert.Equal(LeaseFixture.Me, spec["holderIdentity"]!.GetValue<string>());
        Assert.Equal(30, spec["leaseDurationSeconds"]!.GetValue<int>());
        Assert.Equal("2026-01-02T03:04:05.000001Z", spec["renewTime"]!.GetValue<string>());
        Assert.Equal(0, spec["leaseTransitions"]!.GetValue<int>());
    }

    [Fact]
    public async Task A_holder_renews_and_holds_for_as_long_as_it_does()
    {
        var mine = _fixture.Create();
        await mine.Acquire();
        List<string> renewed = [];
        for (var beat = 1; beat <= 10; beat++)
        {
            await _fixture.BeatAsync(beat);
            await _fixture.Clock.WhenWaitingAsync(LeaseFixture.Interval, LeaseFixture.Interval, beat + 1);
            renewed.Add(Server.Leases.Find(LeaseFixture.Name)!["spec"]!["renewTime"]!.GetValue<string>());
        }

        Assert.True(mine.CheckLease());
        Assert.Equal(10, renewed.Distinct().Count());
        Assert.Equal(10, Server.Seen("update leases").Count);
    }

    [Fact]
    public async Task A_released_lease_is_anothers_at_once()
    {
        var mine = _fixture.Create();
        var others = _fixture.Create(LeaseFixture.Other);
        var lost = new TaskCompletionSource<Exception>();
        await mine.Acquire(lost.SetResult);

        Assert.True(await mine.Release());

        Assert.False(mine.CheckLease());
        Assert.Null(Holder);
        Assert.True(await others.Acquire());
        Assert.Equal(LeaseFixture.Other, Holder);
        Assert.Equal(1, Server.Leases.Find(LeaseFixture.Name)!["spec"]!["leaseTransitions"]!.GetValue<int>());
        Assert.False(lost.Task.IsCompleted);
        // What another holds is not ours to release, and there is nothing to do.
        Assert.True(await mine.Release());
        Assert.Equal(LeaseFixture.Other, Holder);
        Assert.True(others.CheckLease());
    }

    [Fact]
    public async Task What_was_never_held_can_be_released()
    {
        Assert.True(await _fixture.Create().Release());
        Assert.Null(Server.Leases.Find(LeaseFixture.Name));
    }

    [Theory]
    [InlineData(LongAgo)]
    [InlineData(FarAhead)]
    public async Task A_dead_holder_is_followed_after_its_time_on_our_clock_whatever_its_own_says(string renewTime)
    {
        Server.Leases.Put(LeaseFixture.Name, LeaseFixture.Other, 40, renewTime);
        var mine = _fixture.Create();

        Assert.False(await mine.Acquire());
        _fixture.Clock.Advance(TimeSpan.FromSeconds(41.9));
        Assert.False(await mine.Acquire());
        _fixture.Clock.Advance(TimeSpan.FromSeconds(0.1));
        Assert.True(await mine.Acquire());

        Assert.Equal(LeaseFixture.Me, Holder);
        Assert.Contains(
            _fixture.Log.Lines,
            static line => line.Contains($"taken over from {LeaseFixture.Other}", StringComparison.Ordinal)
        );
    }

    [Fact]
    public async Task A_holder_that_is_heard_of_is_left_alone()
    {
        Server.Leases.Put(LeaseFixture.Name, LeaseFixture.Other, 30, "2026-01-02T03:04:05.000001Z");
        var mine = _fixture.Create();
        Assert.False(await mine.Acquire());
        _fixture.Clock.Advance(TimeSpan.FromSeconds(31));
        Server.Leases.Put(LeaseFixture.Name, LeaseFixture.Other, 30, "2026-01-02T03:04:05.000002Z");
        Assert.False(await mine.Acquire());
        _fixture.Clock.Advance(TimeSpan.FromSeconds(31));
        Assert.False(await mine.Acquire());
        _fixture.Clock.Advance(TimeSpan.FromSeconds(0.5));
        Assert.True(await mine.Acquire());
    }

    [Fact]
    public async Task A_note_on_the_object_is_no_sign_of_life()
    {
        Server.Leases.Put(LeaseFixture.Name, LeaseFixture.Other, 30, LongAgo);
        var mine = _fixture.Create();
        Assert.False(await mine.Acquire());
        _fixture.Clock.Advance(TimeSpan.FromSeconds(31));
        Server.Leases.Annotate(LeaseFixture.Name);
        Assert.False(await mine.Acquire());
        _fixture.Clock.Advance(TimeSpan.FromSeconds(0.5));
        Assert.True(await mine.Acquire());
        Assert.NotNull(Server.Leases.Find(LeaseFixture.Name)!["metadata"]!["annotations"]);
    }

    [Fact]
    public async Task A_holder_that_renews_at_the_last_moment_keeps_it()
    {
        Server.Leases.Put(LeaseFixture.Name, LeaseFixture.Other, 30, LongAgo);
        var mine = _fixture.Create();
        Assert.False(await mine.Acquire());
        _fixture.Clock.Advance(TimeSpan.FromSeconds(40));
        TaskCompletionSource gate = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Server.Next("update leases", Faults.WaitFor(gate.Task));
        var acquiring = mine.Acquire();
        await Server.WhenAskedAsync("update leases");
        Server.Leases.Put(LeaseFixture.Name, LeaseFixture.Other, 30, "2020-01-01T00:00:30.000001Z");
        gate.SetResult();

        Assert.False(await acquiring);
        Assert.Equal(LeaseFixture.Other, Holder);
    }

    [Fact]
    public async Task The_same_member_started_again_goes_on_at_once()
    {
        Server.Leases.Put(LeaseFixture.Name, LeaseFixture.Me, 30, LongAgo);

        Assert.True(await _fixture.Create().Acquire());

        Assert.Null(Server.Leases.Find(LeaseFixture.Name)!["spec"]!["acquireTime"]);
        Assert.Equal(0, Server.Leases.Find(LeaseFixture.Name)!["spec"]!["leaseTransitions"]!.GetValue<int>());
    }

    [Fact]
    public async Task Of_two_that_make_the_object_one_gets_it()
    {
        TaskCompletionSource gate = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Server.Next("create leases", Faults.WaitFor(gate.Task), Faults.WaitFor(gate.Task));
        var mine = _fixture.Create();
        var others = _fixture.Create(LeaseFixture.Other);
        var both = Task.WhenAll(mine.Acquire(), others.Acquire());
        await Server.WhenAskedAsync("create leases", 2);
        gate.SetResult();

        Assert.Single(await both, static isHeld => isHeld);
        Assert.NotEqual(mine.CheckLease(), others.CheckLease());
    }

    [Fact]
    public async Task A_lease_that_another_took_is_lost_and_reported()
    {
        var mine = _fixture.Create();
        TaskCompletionSource<Exception> lost = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await mine.Acquire(lost.SetResult);
        Server.Leases.Put(LeaseFixture.Name, LeaseFixture.Other, 30, LongAgo);
        await _fixture.BeatAsync(1);

        var why = await lost.Task.WaitAsync(TestClock.Patience);
        Assert.IsType<LeaseException>(why);
        Assert.Equal($"Lease 'fleet' is lost: it is held by {LeaseFixture.Other} now.", why.Message);
        Assert.False(mine.CheckLease());
        Assert.Contains(_fixture.Log.Lines, line => line == $"Error: {why.Message}");
    }

    [Fact]
    public async Task A_lease_that_somebody_deletes_is_lost_and_reported()
    {
        var mine = _fixture.Create();
        TaskCompletionSource<Exception> lost = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await mine.Acquire(lost.SetResult);
        Server.Leases.Delete(LeaseFixture.Name);
        await _fixture.BeatAsync(1);

        Assert.Contains("somebody deleted the object", (await lost.Task.WaitAsync(TestClock.Patience)).Message, StringComparison.Ordinal);
        Assert.False(mine.CheckLease());
        Assert.True(await mine.Acquire());
    }

    [Fact]
    public async Task A_note_on_the_object_does_not_lose_it()
    {
        var mine = _fixture.Create();
        await mine.Acquire(static _ => Assert.Fail("lost"));
        Server.Leases.Annotate(LeaseFixture.Name);
        await _fixture.BeatAsync(1);
        await _fixture.Clock.WhenWaitingAsync(LeaseFixture.Interval, LeaseFixture.Interval, 2);

        Assert.True(mine.CheckLease());
        Assert.Equal(2, Server.Seen("update leases").Count);
        Assert.NotNull(Server.Leases.Find(LeaseFixture.Name)!["metadata"]!["annotations"]);
    }

    [Fact]
    public async Task A_renewal_whose_answer_is_lost_is_not_taken_for_anothers()
    {
        var mine = _fixture.Create();
        await mine.Acquire(static _ => Assert.Fail("lost"));
        Server.Next("update leases", Faults.LoseTheAnswer());
        var before = Server.Leases.VersionOf(LeaseFixture.Name);
        await _fixture.BeatAsync(1);
        // The next attempt comes sooner than a heartbeat.
        var soon = await _fixture.Clock.WhenWaitingAsync(LeaseFixture.Interval / 16, LeaseFixture.Interval / 8);
        Assert.NotEqual(before, Server.Leases.VersionOf(LeaseFixture.Name));
        _fixture.Clock.Advance(soon);
        await _fixture.Clock.WhenWaitingAsync(LeaseFixture.Interval, LeaseFixture.Interval, 2);

        Assert.True(mine.CheckLease());
    }

    [Fact]
    public async Task An_api_server_that_is_down_loses_the_lease_after_its_time_and_it_is_said()
    {
        var mine = _fixture.Create();
        TaskCompletionSource<Exception> lost = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await mine.Acquire(lost.SetResult);
        Server.Always("update leases", Faults.Cut());
        await _fixture.BeatAsync(1);
        var left = LeaseFixture.Duration - LeaseFixture.Interval;
        for (var attempt = 1; left > LeaseFixture.Operation; attempt++)
        {
            var wait = await _fixture.Clock.WhenWaitingAsync(TimeSpan.FromTicks(1), LeaseFixture.Interval * 0.999, attempt);
            _fixture.Clock.Advance(wait);
            left -= wait;
            Assert.True(mine.CheckLease());
        }
        _fixture.Clock.Advance(left - TimeSpan.FromMilliseconds(1));
        Assert.True(mine.CheckLease());
        Assert.False(lost.Task.IsCompleted);
        _fixture.Clock.Advance(TimeSpan.FromMilliseconds(1));

        var why = await lost.Task.WaitAsync(TestClock.Patience);
        Assert.IsType<LeaseTimeoutException>(why);
        Assert.Contains("could not be renewed within 30 s, so another may have it. update lease", why.Message, StringComparison.Ordinal);
        Assert.False(mine.CheckLease());
        Assert.Contains(
            _fixture.Log.Lines,
            static line => line.StartsWith("Warning: Lease fleet could not be renewed and is lost in 25.0 s", StringComparison.Ordinal)
        );
    }

    [Fact]
    public async Task An_api_server_that_says_nothing_loses_the_lease_on_the_moment()
    {
        var mine = _fixture.Create();
        TaskCompletionSource<Exception> lost = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await mine.Acquire(lost.SetResult);
        Server.Always("update leases", Faults.Stall());
        await _fixture.BeatAsync(1);
        await Server.WhenAskedAsync("update leases");
        // Whoever asks knows before anybody is told.
        _fixture.Clock.Advance(LeaseFixture.Duration - LeaseFixture.Interval);
        Assert.False(mine.CheckLease());

        await lost.Task.WaitAsync(TestClock.Patience);
        Server.Always("update leases", null);
        Assert.True(await mine.Acquire());
    }

    [Fact]
    public async Task A_throttled_renewal_waits_as_long_as_it_is_told()
    {
        var mine = _fixture.Create();
        await mine.Acquire();
        Server.Next("update leases", Faults.Status(429, "slow down", retryAfterSeconds: 8));
        await _fixture.BeatAsync(1);
        var wait = await _fixture.Clock.WhenWaitingAsync(TimeSpan.FromSeconds(8), TimeSpan.FromSeconds(9.6));
        _fixture.Clock.Advance(wait);
        await _fixture.Clock.WhenWaitingAsync(LeaseFixture.Interval, LeaseFixture.Interval, 2);

        Assert.True(mine.CheckLease());
        Assert.Equal(2, Server.Seen("update leases").Count);
    }

    [Fact]
    public async Task An_expired_token_costs_no_heartbeat()
    {
        var mine = _fixture.Create();
        await mine.Acquire();
        Server.AcceptedToken = "token-2";
        Server.WriteToken("token-2");
        await _fixture.BeatAsync(1);
        await _fixture.Clock.WhenWaitingAsync(LeaseFixture.Interval, LeaseFixture.Interval, 2);

        Assert.DoesNotContain(_fixture.Log.Lines, static line => line.StartsWith("Warning", StringComparison.Ordinal));
        Assert.Equal(2, Server.Seen("update leases").Count);
    }

    [Theory]
    [InlineData("get leases")]
    [InlineData("create leases")]
    public async Task An_acquisition_without_an_answer_fails_in_its_time(string call)
    {
        Server.Next(call, Faults.Stall());
        var mine = _fixture.Create();
        var acquiring = mine.Acquire();
        await Server.WhenAskedAsync(call);
        _fixture.Clock.Advance(LeaseFixture.Operation);

        var failed = await Assert.ThrowsAsync<LeaseTimeoutException>(() => acquiring);
        Assert.Contains("could not be acquired", failed.Message, StringComparison.Ordinal);
        Assert.False(mine.CheckLease());
    }

    [Fact]
    public async Task A_missing_permission_is_named()
    {
        Server.Always("create leases", Faults.Status(403, "forbidden"));

        var failed = await Assert.ThrowsAsync<LeaseException>(() => _fixture.Create().Acquire());

        Assert.Contains(
            "Allow verb 'create' on resource 'leases' of API group 'coordination.k8s.io' in namespace 'gateways'",
            failed.Message,
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("{}")]
    [InlineData("null")]
    [InlineData("""{"metadata":{"name":"fleet"},"spec":{"holderIdentity":null}}""")]
    public async Task An_answer_that_is_none_is_not_taken_for_a_free_lease(string body)
    {
        Server.Leases.Put(LeaseFixture.Name, LeaseFixture.Other, 30, LongAgo);
        Server.Next("get leases", Faults.Body(body));

        await Assert.ThrowsAsync<LeaseException>(() => _fixture.Create().Acquire());

        Assert.Equal(LeaseFixture.Other, Holder);
        Assert.Empty(Server.Seen("update leases"));
    }

    [Fact]
    public async Task A_release_that_fails_still_ends_the_holding_here()
    {
        var mine = _fixture.Create();
        await mine.Acquire(static _ => Assert.Fail("lost"));
        Server.Next("update leases", Faults.Status(500, "on fire"));

        var failed = await Assert.ThrowsAsync<LeaseException>(mine.Release);

        Assert.Contains("could not be released", failed.Message, StringComparison.Ordinal);
        Assert.False(mine.CheckLease());
        Assert.Equal(LeaseFixture.Me, Holder);
        Assert.True(await mine.Release());
        Assert.Null(Holder);
    }

    [Fact]
    public async Task Acquiring_what_is_held_costs_nothing_and_tells_the_new_one_of_a_loss()
    {
        var mine = _fixture.Create();
        TaskCompletionSource<Exception> lost = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await mine.Acquire(static _ => Assert.Fail("the old one"));

        Assert.True(await mine.Acquire(lost.SetResult));

        Assert.Single(Server.Seen("get leases"));
        Server.Leases.Delete(LeaseFixture.Name);
        await _fixture.BeatAsync(1);
        await lost.Task.WaitAsync(TestClock.Patience);
    }

    [Fact]
    public async Task Whoever_fails_at_being_told_of_a_loss_does_no_harm()
    {
        var mine = _fixture.Create();
        TaskCompletionSource told = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await mine.Acquire(_ =>
        {
            told.SetResult();
            throw new InvalidOperationException("no time for that");
        });
        Server.Leases.Delete(LeaseFixture.Name);
        await _fixture.BeatAsync(1);
        await told.Task.WaitAsync(TestClock.Patience);

        Assert.True(await mine.Acquire());
    }

    [Fact]
    public async Task One_that_is_looked_at_meanwhile_is_known_to_be_over_at_the_first_attempt()
    {
        Server.Leases.Put(LeaseFixture.Name, LeaseFixture.Other, 30, LongAgo);
        var every = TimeSpan.FromSeconds(11);
        var mine = _fixture.Create(observeInterval: every);
        for (var look = 1; look <= 4; look++)
        {
            await _fixture.Clock.WhenWaitingAsync(every, every, look);
            _fixture.Clock.Advance(every);
            await Server.WhenAskedAsync("get leases", look);
        }
        await _fixture.Clock.WhenWaitingAsync(every, every, 5);

        // Seen first after 11 s, and 33 s long by now.
        Assert.True(await mine.Acquire());
    }

    [Fact]
    public async Task Akka_loads_it_by_configuration()
    {
        await using var system = TestSystem.Start(Server, more: "akka.coordination.lease.kubernetes.heartbeat-timeout = 90s");
        var lease = LeaseProvider.Get(system.System).GetLease("gateway-akka-sbr", KubernetesDefaults.LeasePath, LeaseFixture.Me);

        var mine = Assert.IsType<KubernetesLease>(lease);
        Assert.Equal("gateway-akka-sbr", mine.Name);
        Assert.Equal(TimeSpan.FromSeconds(5), mine.Settings.TimeoutSettings.HeartbeatInterval);
        Assert.True(await mine.Acquire());
        Assert.True(mine.CheckLease());
        Assert.Equal(LeaseFixture.Me, Server.Leases.HolderOf("gateway-akka-sbr"));
        Assert.Equal(90, Server.Leases.Find("gateway-akka-sbr")!["spec"]!["leaseDurationSeconds"]!.GetValue<int>());
        Assert.True(await mine.Release());
    }

    [Fact]
    public async Task The_end_of_the_actor_system_ends_the_holding()
    {
        Lease lease;
        await using (var system = TestSystem.Start(Server))
        {
            lease = LeaseProvider.Get(system.System).GetLease("x", KubernetesDefaults.LeasePath, LeaseFixture.Me);
            Assert.True(await lease.Acquire());
        }
        Assert.False(lease.CheckLease());
        await Assert.ThrowsAsync<LeaseException>(() => lease.Acquire());
    }
}
