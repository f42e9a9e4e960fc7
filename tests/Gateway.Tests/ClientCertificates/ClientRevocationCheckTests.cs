using Microsoft.Extensions.Time.Testing;
using TlsGateway.Gateway.ClientCertificates;
using TlsGateway.Tls;
using TlsGateway.Tls.ClientCertificates;

namespace TlsGateway.Gateway.Tests.ClientCertificates;

public sealed class ClientRevocationCheckTests
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
    private readonly List<string> _asked = [];

    [Fact]
    public async Task A_good_answer_is_asked_for_once_and_again_after_an_hour()
    {
        var check = Check(isHard: true, _ => Task.FromResult(Good(days: 7)));
        Assert.Null(check.Known(Client("a")));
        Assert.True((await check.AskAsync(Client("a"))).IsGood);
        _time.Advance(TimeSpan.FromMinutes(59));
        Assert.True(check.Known(Client("a"))!.IsGood);
        _time.Advance(TimeSpan.FromMinutes(2));
        Assert.Null(check.Known(Client("a")));
        Assert.Equal(["a"], _asked);
    }

    [Fact]
    public async Task A_revoked_certificate_is_refused_with_its_alert_while_the_answer_holds()
    {
        var check = Check(
            isHard: false,
            _ => Task.FromResult(new RevocationAnswer(RevocationStatus.Revoked, In(days: 2), "keyCompromise"))
        );
        var verdict = await check.AskAsync(Client("a"));
        Assert.Equal((TlsFailureKind.CertificateRevoked, 44), (verdict.Failure.Kind, verdict.Failure.Alert));
        Assert.Contains("CN=a", verdict.Failure.Detail, StringComparison.Ordinal);
        Assert.Contains("keyCompromise", verdict.Failure.Detail, StringComparison.Ordinal);
        _time.Advance(TimeSpan.FromDays(1));
        Assert.False(check.Known(Client("a"))!.IsGood);
    }

    [Theory]
    [InlineData(false, TlsFailureKind.None)]
    [InlineData(true, TlsFailureKind.CertificateRejected)]
    public async Task Without_an_answer_soft_lets_in_and_hard_does_not(bool isHard, TlsFailureKind kind)
    {
        var check = Check(isHard, _ => throw new HttpRequestException("connection refused"));
        Assert.Equal(kind, (await check.AskAsync(Client("a"))).Failure.Kind);
        // Not asked again at once: a responder that is down is not hammered.
        Assert.NotNull(check.Known(Client("a")));
        _time.Advance(TimeSpan.FromSeconds(31));
        Assert.Null(check.Known(Client("a")));
    }

    [Fact]
    public async Task A_responder_that_hangs_is_waited_for_only_so_long()
    {
        var check = Check(isHard: true, static cancelled => new TaskCompletionSource<RevocationAnswer>().Task.WaitAsync(cancelled));
        var asked = check.AskAsync(Client("a"));
        Assert.False(asked.IsCompleted);
        _time.Advance(Timeout);
        Assert.Contains("within 5 s", (await asked).Failure.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Connections_that_come_together_ask_once()
    {
        TaskCompletionSource<RevocationAnswer> answer = new();
        var check = Check(isHard: true, _ => answer.Task);
        var first = check.AskAsync(Client("a"));
        var second = check.AskAsync(Client("a"));
        var other = check.AskAsync(Client("b"));
        answer.SetResult(Good(1));
        Assert.True((await first).IsGood && (await second).IsGood && (await other).IsGood);
        Assert.Equal(["a", "b"], _asked);
    }

    [Fact]
    public async Task What_is_remembered_is_bounded_and_forgotten_when_it_is_over()
    {
        var check = Check(isHard: true, _ => Task.FromResult(Good(1)));
        for (var i = 0; i <= ClientRevocationCheck.MaxRemembered; i++)
        {
            await check.AskAsync(Client($"{i}"));
        }
        Assert.NotNull(check.Known(Client("0")));
        Assert.Null(check.Known(Client($"{ClientRevocationCheck.MaxRemembered}")));
        _time.Advance(TimeSpan.FromHours(2));
        await check.AskAsync(Client("new"));
        Assert.NotNull(check.Known(Client("new")));
    }

    private ClientRevocationCheck Check(bool isHard, Func<CancellationToken, Task<RevocationAnswer>> answer) =>
        new(
            (certificate, cancelled) =>
            {
                _asked.Add(certificate.CommonNames[0]);
                return answer(cancelled);
            },
            isHard,
            Timeout,
            _time
        );

    private RevocationAnswer Good(int days) => new(RevocationStatus.Good, In(days), "");

    private DateTimeOffset In(int days) => _time.GetUtcNow() + TimeSpan.FromDays(days);

    private static TlsPeerCertificate Client(string name) =>
        new($"CN={name}", "CN=ca", "01", default, default, [name], [], [], [], System.Text.Encoding.ASCII.GetBytes(name), default);
}
