using System.Net;
using Akka.Actor;
using Akka.TestKit;
using Microsoft.Extensions.Logging.Abstractions;
using TlsGateway.Actors.Balancing;
using TlsGateway.Actors.Health;
using TlsGateway.Actors.Settings;

namespace TlsGateway.Actors.Tests.Health;

/// <summary>Who checks an endpoint when there are other gateways, and what their word does. Time goes by Akka's test scheduler.</summary>
public sealed class SharedHealthTests : IAsyncDisposable
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Interval = Second * 5;
    private static readonly IPEndPoint Address = new(IPAddress.Parse("198.18.0.1"), 80);

    private readonly ActorSystem _system = ActorSystem.Create(
        "health",
        "akka { loglevel = OFF, stdout-loglevel = OFF, scheduler.implementation = \"Akka.TestKit.TestScheduler, Akka.TestKit\" }"
    );
    private readonly FakeProbe _probe = new();
    private readonly FakeOthers _others = new();
    private readonly UpstreamGroup _group = new("app");
    private long _now;

    public async ValueTask DisposeAsync() => await _system.Terminate();

    [Fact]
    public async Task Alone_or_as_the_one_that_does_it_each_interval_has_its_check_and_all_are_told()
    {
        _others.IsMine = true;
        await BeginAsync(Upstream());
        await PassAsync(Interval * 4);
        Assert.Equal(4, _probe.Count);
        Assert.Equal(4, _others.Told.Count);
        Assert.Equal(new SharedCheck(true, "passed", IsDown: false, InARow: 4), _others.Told[^1]);
    }

    [Fact]
    public async Task What_nobody_has_said_anything_of_is_checked_here_once_and_nobody_is_told()
    {
        await BeginAsync(Upstream());
        await PassAsync(Second);
        Assert.Equal(1, _probe.Count);
        Assert.Empty(_others.Told);
    }

    [Fact]
    public async Task While_others_are_heard_nothing_is_checked_here_and_their_verdict_counts()
    {
        await BeginAsync(Upstream());
        for (var i = 0; i < 10; i++)
        {
            await PassAsync(Interval);
            await HearAsync(new SharedCheck(i < 5, "by another", i >= 7, i < 5 ? i + 1 : i - 4, By: "b:1"));
            Assert.Equal(i >= 7, Endpoint.IsDown);
        }

        Assert.Equal(1, _probe.Count);
        Assert.Equal(10, _group.Counters.Endpoints.ChecksHeard);
        Assert.Equal(("by another", "b:1"), (Endpoint.LastCheck!.Detail, Endpoint.LastCheck.By));
    }

    [Fact]
    public async Task When_it_becomes_the_one_it_goes_on_within_seconds_from_where_the_other_was()
    {
        await BeginAsync(Upstream());
        await PassAsync(Second);
        await HearAsync(new SharedCheck(false, "connection refused", IsDown: false, InARow: 2));
        _probe.Passes = false;
        await PassAsync(Second);
        _others.IsMine = true;
        await PassAsync(Interval);
        // The third in a row.
        Assert.Equal(2, _probe.Count);
        Assert.True(Endpoint.IsDown);
        Assert.Equal(new SharedCheck(false, "failed", IsDown: true, InARow: 3), Assert.Single(_others.Told));
    }

    [Fact]
    public async Task A_check_that_is_overdue_is_done_within_a_second_of_being_the_one()
    {
        await BeginAsync(Upstream(TimeSpan.FromSeconds(60)));
        await PassAsync(TimeSpan.FromSeconds(90));
        Assert.Equal(1, _probe.Count);
        _others.IsMine = true;
        await PassAsync(Second);
        Assert.Equal(2, _probe.Count);
    }

    [Fact]
    public async Task When_who_should_check_is_silent_for_three_intervals_it_is_checked_here_for_all()
    {
        await BeginAsync(Upstream());
        await PassAsync((Interval * 3) + Second);
        Assert.Equal(1, _probe.Count);
        await PassAsync(Second * 3);
        Assert.Equal(2, _probe.Count);
        Assert.Single(_others.Told);
        await PassAsync(Interval * 2);
        Assert.Equal(4, _probe.Count);
        await HearAsync(new SharedCheck(true, "passed", IsDown: false, InARow: 1));
        await PassAsync(Interval * 2);
        Assert.Equal(4, _probe.Count);
    }

    [Fact]
    public async Task What_is_checked_rarely_is_told_of_again_with_its_age_and_changes_no_plan_of_who_hears_it()
    {
        _others.IsMine = true;
        await BeginAsync(Upstream(TimeSpan.FromSeconds(60)));
        await PassAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(1, _probe.Count);
        Assert.InRange(_others.Told.Count, 3, 4);
        Assert.InRange(_others.Told[^1].Age, TimeSpan.FromSeconds(15), TimeSpan.FromSeconds(30));

        _others.IsMine = false;
        await HearAsync(_others.Told[^1] with { IsDown = true, Passed = false });
        Assert.True(Endpoint.IsDown);
        Assert.Equal(0, _group.Counters.Endpoints.ChecksHeard);
    }

    [Fact]
    public async Task Passive_health_is_this_gateways_own()
    {
        await BeginAsync(
            Upstream() with
            {
                Outliers = new OutlierSettings { Failures = 1, MaximumShare = 100 },
            }
        );
        await PassAsync(Second);
        _group.ReportFailures(Endpoint);
        await TestUntilAsync(() => Endpoint.Circuit == Circuit.Open);
        await HearAsync(new SharedCheck(true, "passed", IsDown: false, InARow: 9));
        Assert.Equal(Circuit.Open, Endpoint.Circuit);
        Assert.Empty(_others.Told);
    }

    [Fact]
    public async Task Other_settings_are_other_work()
    {
        await BeginAsync(Upstream());
        var before = _others.Work!;
        _group.Use(new Upstream(Upstream() with { PanicShare = 50 }, _group, loops: 1));
        await SettleAsync();
        Assert.Equal(before, _others.Work);
        _group.Use(new Upstream(Upstream(Second * 7), _group, loops: 1));
        await TestUntilAsync(() => _others.Work != before);
        Assert.Equal(1, _others.Hearing);
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("::1")]
    [InlineData("fe80::1")]
    [InlineData("169.254.1.1")]
    public async Task What_another_machine_has_elsewhere_is_checked_here(string address)
    {
        await BeginAsync(Upstream() with { Endpoints = [new EndpointSettings(new IPEndPoint(IPAddress.Parse(address), 80))] });
        await PassAsync(Interval * 4);
        Assert.Equal(4, _probe.Count);
        Assert.Empty(_others.Told);
        Assert.Equal(0, _others.Hearing);
    }

    private Endpoint Endpoint => _group.Current!.Endpoints[0];

    private static UpstreamSettings Upstream(TimeSpan? interval = null) =>
        new()
        {
            Name = "app",
            Endpoints = [new EndpointSettings(Address)],
            HealthCheck = new HealthCheckSettings { Kind = HealthCheckKind.Tcp, Interval = interval ?? Interval },
        };

    /// <summary>Chance is in the middle: intervals are what they are, the first check comes after half a second.</summary>
    private async Task BeginAsync(UpstreamSettings settings)
    {
        HealthServices services = new(
            _probe,
            () => Volatile.Read(ref _now),
            static () => 0.5,
            NullLogger.Instance,
            TimeProvider.System,
            _others
        );
        _group.Health = _system.ActorOf(Props.Create(() => new UpstreamHealthActor(_group, services)));
        _group.Use(new Upstream(settings, _group, loops: 1));
        await SettleAsync();
    }

    /// <summary>In steps of half a second, each done with before the next.</summary>
    private async Task PassAsync(TimeSpan time)
    {
        for (var left = time; left > TimeSpan.Zero; left -= Second / 2)
        {
            Interlocked.Add(ref _now, (Second / 2).Ticks * TimeSpan.NanosecondsPerTick);
            ((TestScheduler)_system.Scheduler).Advance(Second / 2);
            await SettleAsync();
        }
    }

    private async Task HearAsync(SharedCheck check)
    {
        _others.Say(check);
        await SettleAsync();
    }

    /// <summary>Until the actor has taken what it was told, twice: a check that ends is a message of its own.</summary>
    private async Task SettleAsync()
    {
        for (var i = 0; i < 2; i++)
            await _group.Health.Ask<ActorIdentity>(new Identify(null), TimeSpan.FromSeconds(30));
    }

    private static async Task TestUntilAsync(Func<bool> condition)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        using var poll = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        while (!condition())
            await poll.WaitForNextTickAsync(patience.Token);
    }

    private sealed class FakeProbe : IEndpointProbe
    {
        public bool Passes { get; set; } = true;

        public int Count { get; private set; }

        public Task<EndpointCheck> CheckAsync(Endpoint endpoint, Upstream upstream, CancellationToken timeout)
        {
            Count++;
            return Task.FromResult(new EndpointCheck(Passes, Passes ? "passed" : "failed", default));
        }
    }

    private sealed class FakeOthers : ISharedChecks
    {
        private volatile bool _isMine;
        private volatile Action<SharedCheck>? _heard;
        private volatile string? _work;
        private int _hearing;

        public bool IsMine
        {
            set => _isMine = value;
        }

        public List<SharedCheck> Told { get; } = [];

        public string? Work => _work;

        public int Hearing => Volatile.Read(ref _hearing);

        bool ISharedChecks.IsMine(string work) => _isMine;

        public void Tell(string work, SharedCheck check) => Told.Add(check);

        public void Say(SharedCheck check) => _heard!(check);

        public IDisposable Hear(string work, Action<SharedCheck> heard)
        {
            (_work, _heard) = (work, heard);
            Interlocked.Increment(ref _hearing);
            return new End(this);
        }

        private sealed class End(FakeOthers others) : IDisposable
        {
            public void Dispose() => Interlocked.Decrement(ref others._hearing);
        }
    }
}
