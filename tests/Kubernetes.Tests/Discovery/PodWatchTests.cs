using TlsGateway.Kubernetes.Api;
using TlsGateway.Kubernetes.Tests.Support;

namespace TlsGateway.Kubernetes.Tests.Discovery;

/// <summary>Against an API server that speaks the real protocol.</summary>
public sealed class PodWatchTests : IAsyncLifetime
{
    private static readonly TimeSpan RetryFirst = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Soon = TimeSpan.FromMilliseconds(250);

    private PodWatchFixture _fixture = null!;

    private FakeApiServer Server => _fixture.Server;

    public async ValueTask InitializeAsync() => _fixture = await PodWatchFixture.CreateAsync();

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    [Fact]
    public async Task Pods_are_listed_page_by_page_and_then_watched_from_there()
    {
        for (var i = 0; i < 7; i++)
        {
            Server.Pods.Put($"gw-{i}", $"10.0.0.{i + 1}");
        }
        Server.Pods.Put("other", "10.0.1.1", label: "else");

        await _fixture.StartWatchingAsync(static settings => settings with { PageSize = 3 });

        Assert.Equal(["gw-0", "gw-1", "gw-2", "gw-3", "gw-4", "gw-5", "gw-6"], _fixture.Names);
        var lists = Server.Seen("list pods");
        Assert.Equal([null, "gw-2", "gw-5"], lists.Select(static list => list["continue"]));
        Assert.All(lists, static list => Assert.Equal("3", list["limit"]));
        var watch = Assert.Single(Server.Seen("watch pods"));
        Assert.Equal(Server.Pods.Version, watch["resourceVersion"]);
        Assert.Equal("true", watch["allowWatchBookmarks"]);
        Assert.Equal("300", watch["timeoutSeconds"]);
        Assert.Equal("HTTP/2", watch.Protocol);
    }

    [Fact]
    public async Task Pods_that_cannot_be_members_are_left_out_and_those_not_ready_count()
    {
        Server.Pods.Put("ends", "10.0.0.1", isTerminating: true);
        Server.Pods.Put("failed", "10.0.0.2", phase: "Failed");
        Server.Pods.Put("succeeded", "10.0.0.3", phase: "Succeeded");
        Server.Pods.Put("pending", null, phase: "Pending");
        Server.Pods.Put("nonsense", "not-an-address");
        Server.Pods.Put("starting", "10.0.0.6", isReady: false);
        Server.Pods.Put("v6", "fd00::7");

        await _fixture.StartWatchingAsync();

        Assert.Equal(["starting", "v6"], _fixture.Names);
    }

    [Fact]
    public async Task Changes_arrive_by_the_watch()
    {
        await _fixture.StartWatchingAsync();
        Assert.Empty(_fixture.Names);

        Server.Pods.Put("gw-1", "10.0.0.1");
        await _fixture.UntilNamesAsync("gw-1");
        Server.Pods.Put("gw-0", null, phase: "Pending");
        Server.Pods.Put("gw-0", "10.0.0.2");
        await _fixture.UntilNamesAsync("gw-0", "gw-1");
        Server.Pods.Put("gw-1", "10.0.0.1", isTerminating: true);
        await _fixture.UntilNamesAsync("gw-0");
        Server.Pods.Delete("gw-1");
        Server.Pods.Put("gw-0", "10.0.0.9");
        await _fixture.UntilAsync(static known => known!.Pods is [{ Ip: var ip }] && ip.ToString() == "10.0.0.9");
        Server.Pods.Put("gw-0", "10.0.0.9", label: "else");
        await _fixture.UntilNamesAsync();

        Assert.Single(Server.Seen("list pods"));
    }

    [Fact]
    public async Task A_watch_whose_time_is_over_goes_on_from_its_bookmark()
    {
        await _fixture.StartWatchingAsync();
        Server.Pods.Put("gw-0", "10.0.0.1");
        await _fixture.UntilNamesAsync("gw-0");
        var version = Server.Pods.Bookmark();
        Server.Pods.EndWatches();
        await Server.Pods.WhenWatchedAsync(2);
        Server.Pods.Put("gw-1", "10.0.0.2");
        await _fixture.UntilNamesAsync("gw-0", "gw-1");

        Assert.Equal(version, Server.Seen("watch pods")[1]["resourceVersion"]);
        Assert.Single(Server.Seen("list pods"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_version_that_is_gone_is_listed_anew(bool inStream)
    {
        Server.Pods.SaysGoneInStream = inStream;
        Server.Pods.Put("gw-0", "10.0.0.1");
        await _fixture.StartWatchingAsync();
        Server.Pods.CutWatches();
        await _fixture.UntilAsync(static known => known is { IsWatched: false });
        // Meanwhile a pod goes whose end nobody will tell.
        Server.Pods.Delete("gw-0");
        Server.Pods.Put("gw-1", "10.0.0.2");
        Server.Pods.Forget();
        await LetWaitsPassAsync(_fixture.UntilNamesAsync("gw-1"));

        Assert.Equal(2, Server.Seen("list pods").Count);
        // The one after the list may have begun by now.
        Assert.InRange(Server.Seen("watch pods").Count, 2, 3);
    }

    [Fact]
    public async Task A_version_that_goes_in_the_middle_of_a_watch_is_listed_anew_at_once()
    {
        await _fixture.StartWatchingAsync();
        Server.Pods.Bookmark();
        Server.Pods.SendToAll("""{"type":"ERROR","object":{"kind":"Status","code":410,"message":"too old resource version"}}""");
        // The clock stands still: there is no wait.
        await Server.Pods.WhenWatchedAsync(2);

        Assert.Equal(2, Server.Seen("list pods").Count);
    }

    [Fact]
    public async Task A_list_that_went_stale_between_two_pages_begins_again()
    {
        Server.Pods.Put("gw-0", "10.0.0.1");
        Server.Pods.Put("gw-1", "10.0.0.2");
        Server.Pods.ForgetsPages = true;
        _fixture.Start(static settings => settings with { PageSize = 1 });
        await WaitOutAsync(Soon, RetryFirst, 1);
        await _fixture.UntilNamesAsync("gw-0", "gw-1");

        Assert.Equal([null, "gw-0", null, "gw-0"], Server.Seen("list pods").Select(static list => list["continue"]));
    }

    [Fact]
    public async Task The_api_server_says_when_it_wants_to_be_asked_again()
    {
        Server.Next("list pods", Faults.Status(429, "too many requests", retryAfterSeconds: 7));
        _fixture.Start();

        var wait = await _fixture.Clock.WhenWaitingAsync(TimeSpan.FromSeconds(7), TimeSpan.FromSeconds(7 * 1.2));
        _fixture.Clock.Advance(TimeSpan.FromSeconds(6.9));
        Assert.Single(Server.Seen("list pods"));
        _fixture.Clock.Advance(wait - TimeSpan.FromSeconds(6.9));
        await _fixture.UntilAsync(static known => known is not null);

        Assert.Contains(
            _fixture.Log.Lines,
            static line => line.Contains("429 TooManyRequests, \"too many requests\"", StringComparison.Ordinal)
        );
    }

    [Fact]
    public async Task Failures_wait_ever_longer_up_to_a_bound_and_never_twice_the_same()
    {
        Server.Always("list pods", Faults.Status(503, "etcd has no leader"));
        _fixture.Start(static settings =>
            settings with
            {
                RetryFirst = TimeSpan.FromSeconds(80),
                RetryLongest = TimeSpan.FromSeconds(320),
            }
        );

        List<TimeSpan> waits = [];
        foreach (var (longest, count) in ((int, int)[])[(80, 1), (160, 1), (320, 1), (320, 2), (320, 3)])
        {
            var wait = await _fixture.Clock.WhenWaitingAsync(
                TimeSpan.FromSeconds(longest / 2 + 0.001),
                TimeSpan.FromSeconds(longest),
                count
            );
            waits.Add(wait);
            _fixture.Clock.Advance(wait);
        }
        Assert.Equal(waits.Count, waits.Distinct().Count());
        // What the last of them asked for has to have failed before the server is well again.
        var last = await _fixture.Clock.WhenWaitingAsync(TimeSpan.FromSeconds(160.001), TimeSpan.FromSeconds(320), 4);
        Server.Always("list pods", null);
        _fixture.Clock.Advance(last);
        await _fixture.UntilAsync(static known => known is { IsWatched: true });
    }

    [Fact]
    public async Task A_token_that_is_over_is_read_again_and_nobody_notices()
    {
        await _fixture.StartWatchingAsync();
        Server.AcceptedToken = "token-2";
        Server.WriteToken("token-2\n");
        Server.Pods.Bookmark();
        Server.Pods.EndWatches();
        await Server.Pods.WhenWatchedAsync(2);

        // Asked with the old one, refused, asked with the new one.
        Assert.Equal(3, Server.Seen("watch pods").Count);
        Assert.DoesNotContain(_fixture.Log.Lines, static line => line.StartsWith("Warning", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_token_that_stays_refused_is_a_failure_that_says_where_it_is()
    {
        Server.AcceptedToken = "another";
        _fixture.Start();

        var failed = await Assert.ThrowsAsync<KubernetesApiException>(() => _fixture.Watch.WhenKnownAsync(TimeSpan.FromSeconds(5)));

        Assert.Equal(ApiFault.Unauthorized, failed.Fault);
        Assert.Contains($"The token in {Server.TokenFile} is not accepted", failed.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(_fixture.Log.Lines, static line => line.Contains(FakeApiServer.FirstToken, StringComparison.Ordinal));
        Assert.Equal(2, Server.Seen("list pods").Count);
    }

    [Fact]
    public async Task A_token_that_is_not_there_is_a_failure_that_says_so()
    {
        _fixture.Start(withServer: static settings => settings with { TokenFile = settings.TokenFile + ".missing" });

        var failed = await Assert.ThrowsAsync<KubernetesApiException>(() => _fixture.Watch.WhenKnownAsync(TimeSpan.FromSeconds(5)));

        Assert.Contains("automountServiceAccountToken", failed.Message, StringComparison.Ordinal);
        Assert.Empty(Server.Seen("list pods"));
    }

    [Fact]
    public async Task A_missing_permission_fails_at_once_and_is_named()
    {
        Server.Always("list pods", Faults.Status(403, "pods is forbidden: User \"system:serviceaccount:gateways:default\" cannot list"));
        _fixture.Start();

        var failed = await Assert.ThrowsAsync<KubernetesApiException>(() => _fixture.Watch.WhenKnownAsync(TimeSpan.FromHours(1)));

        Assert.Equal(ApiFault.Forbidden, failed.Fault);
        Assert.StartsWith(
            $"The pods of namespace 'gateways' with labels 'app=gw' are not known yet: list pods in namespace 'gateways', at https://127.0.0.1:{Server.Address.Port}: 403 Forbidden",
            failed.Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "Allow verb 'list' on resource 'pods' in namespace 'gateways' to the pod's service account",
            failed.Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task A_missing_permission_to_watch_leaves_what_was_listed()
    {
        Server.Pods.Put("gw-0", "10.0.0.1");
        Server.Always("watch pods", Faults.Status(403, "cannot watch"));
        _fixture.Start();

        var known = await _fixture.UntilAsync(static known => known is { Problem: not null });

        Assert.Equal(["gw-0"], _fixture.Names);
        Assert.False(known.IsWatched);
        Assert.Contains("Allow verb 'watch' on resource 'pods' in namespace 'gateways'", known.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_connection_that_breaks_goes_on_from_the_last_version()
    {
        await _fixture.StartWatchingAsync();
        Server.Pods.Put("gw-0", "10.0.0.1");
        await _fixture.UntilNamesAsync("gw-0");
        Server.Pods.CutWatches();
        await _fixture.UntilAsync(static known => known is { IsWatched: false, Problem: not null });
        Server.Pods.Put("gw-1", "10.0.0.2");
        await WaitOutAsync(Soon, RetryFirst, 1);
        await _fixture.UntilNamesAsync("gw-0", "gw-1");

        Assert.Single(Server.Seen("list pods"));
    }

    [Fact]
    public async Task While_the_api_server_is_away_the_last_pods_are_known_and_how_old_they_are()
    {
        Server.Pods.Put("gw-0", "10.0.0.1");
        await _fixture.StartWatchingAsync();
        Assert.Equal(TimeSpan.Zero, _fixture.Watch.Known!.Age);
        Server.Always("watch pods", Faults.Cut());
        Server.Pods.CutWatches();
        await _fixture.UntilAsync(static known => known is { IsWatched: false });
        _fixture.Clock.Advance(TimeSpan.FromMilliseconds(100));

        var known = await _fixture.Watch.WhenKnownAsync(TimeSpan.FromSeconds(1));
        Assert.Equal(TimeSpan.FromMilliseconds(100), known.Age);
        Assert.Equal(["gw-0"], _fixture.Names);

        Server.Always("watch pods", null);
        await LetWaitsPassAsync(_fixture.UntilAsync(static known => known is { IsWatched: true, Problem: null }));
        Assert.Equal(TimeSpan.Zero, _fixture.Watch.Known!.Age);
    }

    [Fact]
    public async Task An_api_server_that_is_not_there_is_a_failure_that_says_where_it_was_looked_for()
    {
        // Nobody listens on port 1.
        _fixture.Start(withServer: static settings => settings with { Address = new Uri("https://127.0.0.1:1") });
        await _fixture.Clock.WhenWaitingAsync(Soon, RetryFirst);
        var lookup = _fixture.Watch.WhenKnownAsync(TimeSpan.FromSeconds(0.2));
        await _fixture.Clock.WhenWaitingAsync(TimeSpan.FromSeconds(0.2), TimeSpan.FromSeconds(0.2));
        _fixture.Clock.Advance(TimeSpan.FromSeconds(0.2));

        var failed = await Assert.ThrowsAsync<KubernetesApiException>(() => lookup);
        Assert.Equal(ApiFault.Unreachable, failed.Fault);
        Assert.Contains(
            "list pods in namespace 'gateways', at https://127.0.0.1:1: Connection refused",
            failed.Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task An_answer_that_does_not_come_is_given_up()
    {
        Server.Next("list pods", Faults.Stall());
        _fixture.Start();
        await Server.WhenAskedAsync("list pods");
        _fixture.Clock.Advance(TimeSpan.FromSeconds(10));
        await WaitOutAsync(Soon, RetryFirst, 1);
        await _fixture.UntilAsync(static known => known is not null);

        Assert.Contains(_fixture.Log.Lines, static line => line.Contains("no answer within 10 s", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_watch_that_outlives_its_time_is_given_up()
    {
        await _fixture.StartWatchingAsync();
        _fixture.Clock.Advance(TimeSpan.FromSeconds(329));
        Assert.True(_fixture.Watch.Known!.IsWatched);
        _fixture.Clock.Advance(TimeSpan.FromSeconds(1));
        await _fixture.UntilAsync(static known => known is { IsWatched: false });
        await WaitOutAsync(Soon, RetryFirst, 1);
        await Server.Pods.WhenWatchedAsync(2);

        Assert.Single(Server.Seen("list pods"));
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("""{"metadata":{}}""")]
    [InlineData("""{"metadata":{"resourceVersion":"7"},"items":[{"metadata":{"deletionTimestamp":"yesterday"}}]}""")]
    [InlineData("""{"metadata":{"resourceVersion":7}}""")]
    public async Task A_list_that_is_none_is_a_failure_and_is_asked_for_again(string body)
    {
        Server.Next("list pods", Faults.Body(body));
        _fixture.Start();
        await WaitOutAsync(Soon, RetryFirst, 1);
        await _fixture.UntilAsync(static known => known is { IsWatched: true });

        Assert.Contains(_fixture.Log.Lines, static line => line.StartsWith("Warning: list pods", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Pods_with_holes_are_passed_over()
    {
        Server.Next(
            "list pods",
            Faults.Body(
                """{"metadata":{"resourceVersion":"1000"},"items":[null,{},{"metadata":{}},{"metadata":{"name":"x"}},{"metadata":{"name":"y"},"status":{"podIP":"10.0.0.1"}}]}"""
            )
        );
        _fixture.Start();
        await _fixture.UntilNamesAsync("y");
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("{}")]
    [InlineData("""{"type":"ADDED"}""")]
    [InlineData("""{"type":"ADDED","object":{"metadata":{"name":"gw-9"}}}""")]
    [InlineData("""{"type":"ADDED","object":[]}""")]
    [InlineData("""{"type":"SURPRISE","object":{"metadata":{"name":"gw-9","resourceVersion":"9"}}}""")]
    [InlineData("""{"type":"ERROR","object":null}""")]
    [InlineData("""{"type":7,"object":{}}""")]
    public async Task A_line_that_makes_no_sense_ends_the_watch_and_pods_are_listed_anew(string line)
    {
        Server.Pods.Put("gw-0", "10.0.0.1");
        await _fixture.StartWatchingAsync();
        Server.Pods.SendToAll(line);
        await WaitOutAsync(Soon, RetryFirst, 1);
        await Server.Pods.WhenWatchedAsync(2);

        Assert.Equal(["gw-0"], _fixture.Names);
        Assert.Equal(2, Server.Seen("list pods").Count);
    }

    [Fact]
    public async Task An_answer_beyond_the_bound_is_not_read_to_its_end()
    {
        Server.Next("list pods", Faults.Flood(1 << 20));
        _fixture.Start(withServer: static settings => settings with { MaxAnswerBytes = 64 * 1024 });
        await WaitOutAsync(Soon, RetryFirst, 1);
        await _fixture.UntilAsync(static known => known is { IsWatched: true });
        Assert.Contains(_fixture.Log.Lines, static line => line.Contains("the answer has more than 65536 bytes", StringComparison.Ordinal));

        Server.Pods.Bookmark();
        Server.Pods.SendToAll(new string('y', 9000));
        await WaitOutAsync(Soon, RetryFirst, 2);
        await Server.Pods.WhenWatchedAsync(2);
        Assert.Contains(_fixture.Log.Lines, static line => line.Contains("a line has more than 8192 bytes", StringComparison.Ordinal));
    }

    [Fact]
    public async Task More_pods_than_the_bound_are_left_out_and_it_is_said()
    {
        for (var i = 0; i < 5; i++)
        {
            Server.Pods.Put($"gw-{i}", $"10.0.0.{i + 1}");
        }
        await _fixture.StartWatchingAsync(static settings => settings with { MaxPods = 3, PageSize = 2 });
        Assert.Equal(["gw-0", "gw-1", "gw-2"], _fixture.Names);
        Assert.True(_fixture.Watch.Known!.IsCut);
        Assert.Contains(_fixture.Log.Lines, static line => line.Contains("more than 3, the others are left out", StringComparison.Ordinal));

        // Where there is room again, they are found when the watch's time is over.
        Server.Pods.Delete("gw-0");
        Server.Pods.Delete("gw-1");
        await _fixture.UntilNamesAsync("gw-2");
        Server.Pods.EndWatches();
        await _fixture.UntilNamesAsync("gw-2", "gw-3", "gw-4");
        await _fixture.UntilAsync(static known => known is { IsCut: false });

        await Server.Pods.WhenWatchedAsync(2);
        Server.Pods.Put("gw-9", "10.0.0.10");
        await _fixture.UntilAsync(static known => known is { IsCut: true });
        Assert.Equal(["gw-2", "gw-3", "gw-4"], _fixture.Names);
    }

    [Fact]
    public async Task A_watch_that_ends_as_it_begins_is_not_asked_for_without_a_pause()
    {
        Server.Next("watch pods", Faults.Body(""), Faults.Body(""));
        _fixture.Start();
        await WaitOutAsync(Soon, RetryFirst, 1);
        await WaitOutAsync(RetryFirst, RetryFirst * 2, 1);
        await Server.Pods.WhenWatchedAsync();

        Assert.Equal(3, Server.Seen("watch pods").Count);
        Assert.Single(Server.Seen("list pods"));
    }

    [Fact]
    public async Task A_wait_for_the_first_list_ends_with_the_reason()
    {
        Server.Always("list pods", Faults.Status(500, "something is on fire"));
        _fixture.Start();
        await _fixture.Clock.WhenWaitingAsync(Soon, RetryFirst);
        var lookup = _fixture.Watch.WhenKnownAsync(TimeSpan.FromSeconds(0.2));
        await _fixture.Clock.WhenWaitingAsync(TimeSpan.FromSeconds(0.2), TimeSpan.FromSeconds(0.2));
        _fixture.Clock.Advance(TimeSpan.FromSeconds(0.2));

        var failed = await Assert.ThrowsAsync<KubernetesApiException>(() => lookup);
        Assert.Contains("no list within 0.2 s.", failed.Message, StringComparison.Ordinal);
        Assert.Contains("something is on fire", failed.Message, StringComparison.Ordinal);
        Assert.Equal(ApiFault.ServerError, failed.Fault);
    }

    /// <summary>Lets the <paramref name="count"/>th wait of about that length pass.</summary>
    private async Task WaitOutAsync(TimeSpan least, TimeSpan most, int count) =>
        _fixture.Clock.Advance(await _fixture.Clock.WhenWaitingAsync(least, most, count));

    /// <summary>Lets every wait pass that begins before <paramref name="done"/>.</summary>
    private async Task LetWaitsPassAsync(Task done)
    {
        for (var count = 1; !done.IsCompleted; count++)
        {
            var waiting = _fixture.Clock.WhenWaitingAsync(Soon, TimeSpan.FromSeconds(9), count);
            if (await Task.WhenAny(done, waiting) == done)
            {
                break;
            }
            _fixture.Clock.Advance(await waiting);
        }
        await done;
    }
}
