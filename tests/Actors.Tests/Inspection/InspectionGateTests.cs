using Microsoft.Extensions.Time.Testing;
using TlsGateway.Actors.Inspection;
using static TlsGateway.Actors.Inspection.InspectionProtocol;

namespace TlsGateway.Actors.Tests.Inspection;

public sealed class InspectionGateTests
{
    private const long Millisecond = 1_000_000;

    private readonly FakeTimeProvider _time = new();

    private static readonly long s_credit = InspectionGate.Credit.Ticks * TimeSpan.NanosecondsPerTick;

    [Fact]
    public async Task A_question_waits_until_those_before_are_paid_for()
    {
        var gate = new InspectionGate(_time);
        await gate.AskAsync(() => Answer(1, s_credit));
        // That was on credit; what comes now is over it.
        Assert.Equal(1, await gate.AskAsync(() => Answer(1, 2 * Millisecond)));
        var second = gate.AskAsync(() => Answer(2, 0));
        // The others' share of the loop's time comes first.
        _time.Advance(TimeSpan.FromMilliseconds((2 * (InspectionGate.Share - 1)) - 1));
        Assert.False(second.IsCompleted);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(2, await second);
        // What took nothing owes nothing.
        Assert.Equal(3, await gate.AskAsync(() => Answer(3, 0)));
    }

    [Fact]
    public async Task Many_questions_get_their_share_of_the_time_and_no_more()
    {
        var gate = new InspectionGate(_time);
        var (taken, passed) = (TimeSpan.Zero, TimeSpan.Zero);
        for (var question = 0; question < 200; question++)
        {
            var asked = gate.AskAsync(() => Answer(1, Millisecond));
            // Nobody but the gate waits on this clock.
            while (!asked.IsCompleted)
            {
                _time.Advance(TimeSpan.FromMilliseconds(1));
                passed += TimeSpan.FromMilliseconds(1);
            }

            await asked;
            taken += TimeSpan.FromMilliseconds(1);
        }

        Assert.True(
            taken <= (passed / (InspectionGate.Share - 1)) + InspectionGate.Credit + TimeSpan.FromMilliseconds(1),
            $"{taken} of {passed}"
        );
    }

    [Fact]
    public async Task What_is_small_is_paid_for_together()
    {
        var gate = new InspectionGate(_time);
        await gate.AskAsync(() => Answer(1, s_credit));
        var asked = 0;
        Task<int> AskAsync() => gate.AskAsync(() => Answer(++asked, Millisecond / 50));
        await AskAsync();
        await AskAsync();
        // 0.38 ms each: the third one's pause is worth a timer.
        await AskAsync();
        var fourth = AskAsync();
        Assert.False(fourth.IsCompleted);
        _time.Advance(TimeSpan.FromMilliseconds(2));
        Assert.Equal(4, await fourth);
    }

    [Fact]
    public async Task More_than_may_wait_are_refused_and_the_others_get_their_turn()
    {
        var gate = new InspectionGate(_time, maxWaiting: 2);
        var first = new TaskCompletionSource<Timed<int>>(TaskCreationOptions.RunContinuationsAsynchronously);
        var asking = gate.AskAsync(() => first.Task);
        var waiting = new[] { gate.AskAsync(() => Answer(2, 0)), gate.AskAsync(() => Answer(3, 0)) };
        await Assert.ThrowsAsync<InspectionBusyException>(() => gate.AskAsync(() => Answer(4, 0)));
        first.SetResult(new Timed<int>(1, 0));
        Assert.Equal(1, await asking);
        var answers = await Task.WhenAll(waiting);
        Assert.Equal([2, 3], answers);
        Assert.Equal(5, await gate.AskAsync(() => Answer(5, 0)));
    }

    [Fact]
    public async Task A_question_that_fails_lets_the_next_one_through()
    {
        var gate = new InspectionGate(_time);
        await Assert.ThrowsAsync<TimeoutException>(() => gate.AskAsync<int>(static () => throw new TimeoutException()));
        Assert.Equal(1, await gate.AskAsync(() => Answer(1, 0)));
    }

    [Fact]
    public async Task Those_who_ask_the_same_share_one_answer()
    {
        var looks = new SharedLooks();
        var made = 0;
        var answer = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        async Task<int> LookAsync()
        {
            await answer.Task;
            return Interlocked.Increment(ref made);
        }

        var same = Enumerable.Range(0, 100).Select(_ => looks.LookAsync(("list", new ConnectionFilter("web")), LookAsync)).ToList();
        var other = looks.LookAsync(("list", new ConnectionFilter("mail")), LookAsync);
        answer.SetResult();
        Assert.Single((await Task.WhenAll(same)).Distinct());
        await other;
        Assert.Equal(2, made);
        // What was known then is not what is asked for now.
        Assert.Equal(3, await looks.LookAsync(("list", new ConnectionFilter("web")), LookAsync));
        await Assert.ThrowsAsync<TimeoutException>(() => looks.LookAsync<int>("fails", static () => throw new TimeoutException()));
        Assert.Equal(4, await looks.LookAsync("fails", LookAsync));
    }

    private static Task<Timed<int>> Answer(int value, long nanos) => Task.FromResult(new Timed<int>(value, nanos));
}
