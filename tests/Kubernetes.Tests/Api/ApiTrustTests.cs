using TlsGateway.Kubernetes.Api;
using TlsGateway.Kubernetes.Tests.Discovery;
using TlsGateway.Kubernetes.Tests.Support;

namespace TlsGateway.Kubernetes.Tests.Api;

/// <summary>Who is taken for the API server, and with what it is asked.</summary>
public sealed class ApiTrustTests
{
    [Fact]
    public async Task One_of_an_authority_that_is_not_the_clusters_gets_no_token()
    {
        await using var fixture = await PodWatchFixture.CreateAsync();
        using TestAuthority other = new();
        fixture.Server.WriteAuthority(other.Pem);
        fixture.Start();

        var known = fixture.Watch.WhenKnownAsync(TimeSpan.FromSeconds(0.1));
        await fixture.Clock.WhenWaitingAsync(TimeSpan.FromMilliseconds(250), TimeSpan.FromMilliseconds(500));
        fixture.Clock.Advance(TimeSpan.FromSeconds(0.1));
        var failed = await Assert.ThrowsAsync<KubernetesApiException>(() => known);

        Assert.Equal(ApiFault.Unreachable, failed.Fault);
        Assert.Contains(
            $"a certificate of an authority in {fixture.Server.CaFile} with its host's name",
            failed.Message,
            StringComparison.Ordinal
        );
        Assert.Empty(fixture.Server.Seen("list pods"));
    }

    [Fact]
    public async Task One_with_a_certificate_for_another_name_gets_no_token()
    {
        await using var fixture = await PodWatchFixture.CreateAsync("somebody.else");
        fixture.Start();

        await fixture.Clock.WhenWaitingAsync(TimeSpan.FromMilliseconds(250), TimeSpan.FromMilliseconds(500));

        Assert.Empty(fixture.Server.Seen("list pods"));
        Assert.Contains(fixture.Log.Lines, static line => line.Contains("with its host's name", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_authority_that_is_replaced_is_trusted_without_a_restart()
    {
        await using var fixture = await PodWatchFixture.CreateAsync();
        var right = await File.ReadAllTextAsync(fixture.Server.CaFile);
        using TestAuthority other = new();
        fixture.Server.WriteAuthority(other.Pem);
        fixture.Start();
        var wait = await fixture.Clock.WhenWaitingAsync(TimeSpan.FromMilliseconds(250), TimeSpan.FromMilliseconds(500));
        fixture.Server.WriteAuthority(other.Pem + right);
        fixture.Clock.Advance(wait);

        await fixture.UntilAsync(static known => known is { IsWatched: true });
    }

    [Fact]
    public async Task A_token_is_read_again_after_a_minute()
    {
        TestClock clock = new();
        using TemporaryFolder folder = new();
        ApiToken token = new(folder.Write("token", "one\n"), clock);

        Assert.Equal("one", await token.GetAsync(CancellationToken.None));
        folder.Write("token", "two");
        Assert.Equal("one", await token.GetAsync(CancellationToken.None));
        clock.Advance(ApiToken.MaxAge);
        Assert.Equal("two", await token.GetAsync(CancellationToken.None));

        folder.Write("token", "three");
        token.Forget("one");
        Assert.Equal("two", await token.GetAsync(CancellationToken.None));
        token.Forget("two");
        Assert.Equal("three", await token.GetAsync(CancellationToken.None));
    }

    [Theory]
    [InlineData("")]
    [InlineData("one\ntwo")]
    public async Task A_file_without_a_token_is_refused(string text)
    {
        using TemporaryFolder folder = new();
        ApiToken token = new(folder.Write("token", text), new TestClock());

        var failed = await Assert.ThrowsAsync<KubernetesApiException>(async () => await token.GetAsync(CancellationToken.None));

        Assert.Contains("it holds no token", failed.Message, StringComparison.Ordinal);
    }
}
