using TlsGateway.Cluster.Tests.Support;
using TestFleet = TlsGateway.Cluster.Tests.Support.TestFleet;

namespace TlsGateway.Cluster.Tests;

/// <summary>One member asks the responder for all, counted at the responder by who asks; openssl says what each staples.</summary>
public sealed class SharedStaplesTests
{
    /// <summary>It is asked again when half is over, which is the least.</summary>
    private static readonly TimeSpan Validity = TimeSpan.FromMinutes(2);

    [Fact]
    public async Task One_asks_all_staple_and_another_asks_when_it_is_killed()
    {
        await using var responder = await CountedResponder.StartAsync(Validity);
        await using var fleet = await TestFleet.StartAsync(3, tls: ", ocspStapling: true");
        // Once they are a fleet: before it each asks for itself.
        fleet.Write("edge.pem", responder.IssuePem("localhost"));
        await UntilAllStapleAsync(fleet.Members, responder, after: null);
        var asked = fleet.Members.Single(one => one.Address.Equals(Assert.Single(responder.Visits)));
        // All of them the same.
        var first = Assert.Single(fleet.Members.Select(one => Stapled(one, responder)).Distinct(StringComparer.Ordinal))!;

        asked.Signal("KILL");
        await asked.ExitAsync();
        var others = fleet.Members.Where(one => one != asked).ToArray();
        await UntilAllStapleAsync(others, responder, after: first);
        Assert.Equal(2, responder.Visits.Count);
        Assert.Contains(others, one => one.Address.Equals(responder.Visits[1]));
    }

    /// <summary>Waits until each of them staples a good response to which all others are equal, and which is not <paramref name="after"/>.</summary>
    private static Task UntilAllStapleAsync(Member[] members, CountedResponder responder, string? after) =>
        TestFleet.UntilAsync(
            () => Task.FromResult(members.Select(one => Stapled(one, responder)).Distinct().ToArray() is [{ } one] && one != after),
            "all staple the same",
            () => $"asked by {string.Join(' ', responder.Visits)}\n{string.Join("\n----\n", members.Select(static one => one.Log))}"
        );

    /// <summary>Since when the response that a client gets is valid; null: it gets none, or one that is not good.</summary>
    private static string? Stapled(Member member, CountedResponder responder)
    {
        var (_, said) = Shell.Try(
            $"openssl s_client -connect {member.Clients} -servername localhost -status -verify_return_error -CAfile {responder.CertificateFile} 2>&1"
        );
        return
            said.Contains("Cert Status: good", StringComparison.Ordinal)
            && said.Contains("Verify return code: 0 (ok)", StringComparison.Ordinal)
            ? said.Split("This Update: ")[1].Split('\n')[0]
            : null;
    }
}
