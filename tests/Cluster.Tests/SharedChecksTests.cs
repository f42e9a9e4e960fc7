using System.Net;
using System.Text.Json;
using TlsGateway.Cluster.Tests.Support;
using TestFleet = TlsGateway.Cluster.Tests.Support.TestFleet;

namespace TlsGateway.Cluster.Tests;

/// <summary>One member checks a backend for all, counted at the backend by who connects.</summary>
public sealed class SharedChecksTests
{
    private static string Upstream(ProbedBackend backend) =>
        $"{{ address: \"HOST:{backend.Port}\", health: {{ check: tcp, interval: 1s, timeout: 1s, rise: 2, fall: 2 }} }}";

    [Fact]
    public async Task One_checks_all_know_and_another_goes_on_when_it_is_killed()
    {
        await using ProbedBackend backend = new();
        await using var fleet = await TestFleet.StartAsync(3, upstream: Upstream(backend));
        var prober = await SettledAsync(fleet, backend, fleet.Members);
        Assert.All(
            await Task.WhenAll(fleet.Members.Select(EndpointAsync)),
            one =>
                Assert.True(one is { State: "healthy" } && (one.CheckedBy is null || one.CheckedBy == $"{prober.Address}:4053"), $"{one}")
        );

        await backend.StopAsync();
        await UntilStateAsync(fleet.Members, "down");
        backend.Restart();
        await UntilStateAsync(fleet.Members, "healthy");
        await SettledAsync(fleet, backend, fleet.Members, expected: prober);

        prober.Signal("KILL");
        await prober.ExitAsync();
        var others = fleet.Members.Where(one => one != prober).ToArray();
        var next = await SettledAsync(fleet, backend, others);
        Assert.NotEqual(prober, next);
        await backend.StopAsync();
        await UntilStateAsync(others, "down");
        backend.Restart();
        await UntilStateAsync(others, "healthy");

        // Back, it does what was its own before.
        prober.Start();
        await fleet.WholeAsync(fleet.Members);
        await SettledAsync(fleet, backend, fleet.Members, expected: prober);
    }

    [Fact]
    public async Task Another_goes_on_when_it_is_frozen_and_alone_each_checks_for_itself()
    {
        await using ProbedBackend backend = new();
        await using var fleet = await TestFleet.StartAsync(3, upstream: Upstream(backend));
        var prober = await SettledAsync(fleet, backend, fleet.Members);
        prober.Signal("STOP");
        var others = fleet.Members.Where(one => one != prober).ToArray();
        await SettledAsync(fleet, backend, others);
        prober.Signal("CONT");
        await fleet.WholeAsync(fleet.Members);
        await SettledAsync(fleet, backend, fleet.Members, expected: prober);

        // Who no longer hears of the others checks too: the two that are left share, the one has its own.
        TestFleet.Cut(prober);
        await UntilRunAsync(
            backend,
            run => Task.FromResult(run.Contains(prober.Address) && run.Distinct().Count() == 2),
            "one of each side checks"
        );
        await backend.StopAsync();
        await UntilStateAsync(fleet.Members, "down");
        TestFleet.Heal(prober);
    }

    [Fact]
    public async Task Turned_off_each_checks_for_itself()
    {
        await using ProbedBackend backend = new();
        await using var fleet = await TestFleet.StartAsync(2, cluster: "  sharedChecks: false", upstream: Upstream(backend));
        var before = backend.Visits.Count;
        await TestFleet.UntilAsync(() => Task.FromResult(backend.Visits.Count >= before + 10), "some checks");
        Assert.All(backend.Since(before).GroupBy(static one => one), static visits => Assert.InRange(visits.Count(), 3, 7));
        Assert.All(await Task.WhenAll(fleet.Members.Select(EndpointAsync)), static one => Assert.Null(one.CheckedBy));
    }

    /// <summary>Waits until eight checks in a row are of one member, and all others say that they go by its word: about one in an interval.</summary>
    /// <param name="fleet">All members.</param>
    /// <param name="backend">Where checks are counted.</param>
    /// <param name="members">Those that are to agree.</param>
    /// <param name="expected">The one; null: any.</param>
    private static async Task<Member> SettledAsync(TestFleet fleet, ProbedBackend backend, Member[] members, Member? expected = null)
    {
        Member? prober = null;
        await UntilRunAsync(
            backend,
            async run =>
            {
                prober = fleet.Members.Single(one => one.Address.Equals(run[0]));
                if (run.Distinct().Count() != 1 || !members.Contains(prober) || (expected ?? prober) != prober)
                {
                    return false;
                }
                var seen = await Task.WhenAll(members.Select(EndpointAsync));
                return members.Zip(seen).All(pair => pair.Second.CheckedBy == (pair.First == prober ? null : $"{prober.Address}:4053"));
            },
            "one member checks, and all go by its word"
        );
        return prober!;
    }

    /// <summary>Waits for eight visits in a row that are as they should.</summary>
    private static async Task UntilRunAsync(ProbedBackend backend, Func<IReadOnlyList<IPAddress>, Task<bool>> condition, string what)
    {
        var from = backend.Visits.Count;
        await TestFleet.UntilAsync(
            async () =>
            {
                var run = backend.Since(from);
                if (run.Count < 8)
                {
                    return false;
                }
                from = backend.Visits.Count;
                return await condition(run);
            },
            what,
            () => string.Join(' ', backend.Visits)
        );
    }

    private static Task UntilStateAsync(IReadOnlyList<Member> members, string state) =>
        TestFleet.UntilAsync(
            async () => (await Task.WhenAll(members.Select(EndpointAsync))).All(one => one.State == state),
            $"all {members.Count} say {state}"
        );

    private static async Task<(string? State, string? CheckedBy)> EndpointAsync(Member member)
    {
        if (await member.GetAsync("/upstreams") is not { } page)
        {
            return default;
        }
        var endpoint = page.GetProperty("upstreams")[0].GetProperty("endpoints")[0];
        return (
            TestFleet.Text(endpoint, "state"),
            endpoint.TryGetProperty("lastCheck", out var check) && check.ValueKind == JsonValueKind.Object
                ? TestFleet.Text(check, "checkedBy")
                : null
        );
    }
}
