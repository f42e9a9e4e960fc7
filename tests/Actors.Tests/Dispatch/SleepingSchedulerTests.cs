using Akka.Actor;
using Akka.Configuration;
using TlsGateway.Actors.Dispatch;

namespace TlsGateway.Actors.Tests.Dispatch;

/// <summary>As an ActorSystem has it.</summary>
public sealed class SleepingSchedulerTests : IAsyncDisposable
{
    private static readonly TimeSpan Far = TimeSpan.FromHours(1);
    private static readonly TimeSpan Near = TimeSpan.FromMilliseconds(20);

    private readonly ActorSystem _system = ActorSystem.Create(
        "timers",
        ConfigurationFactory.ParseString(
            "akka { loglevel = OFF, stdout-loglevel = OFF, scheduler { implementation = \"TlsGateway.Actors.Dispatch.SleepingScheduler, Actors\", tick-duration = 10ms } }"
        )
    );

    private IAdvancedScheduler Advanced => _system.Scheduler.Advanced;

    [Fact]
    public async Task One_that_is_sooner_than_what_it_sleeps_for_wakes_it()
    {
        Assert.IsType<SleepingScheduler>(_system.Scheduler);
        Advanced.ScheduleOnce(Far, static () => { });
        TaskCompletionSource soon = new();
        Advanced.ScheduleOnce(Near, soon.SetResult);
        await soon.Task.WaitAsync(LoopSystem.Patience);
    }

    [Fact]
    public async Task It_repeats_until_it_is_cancelled_and_an_action_that_throws_ends_nothing()
    {
        TaskCompletionSource thrice = new();
        var runs = 0;
        using Cancelable cancelable = new(_system.Scheduler);
        Advanced.ScheduleRepeatedly(
            TimeSpan.Zero,
            Near,
            () =>
            {
                if (++runs == 3)
                {
                    cancelable.Cancel();
                    thrice.SetResult();
                }
                throw new InvalidOperationException("of the test");
            },
            cancelable
        );
        await thrice.Task.WaitAsync(LoopSystem.Patience);
        // One that comes after it, by which it would have run again.
        TaskCompletionSource after = new();
        Advanced.ScheduleOnce(Near * 3, after.SetResult);
        await after.Task.WaitAsync(LoopSystem.Patience);
        Assert.Equal(3, runs);
    }

    [Fact]
    public async Task Actors_have_their_timers_and_questions_their_time()
    {
        var actor = _system.ActorOf(Props.Create(() => new Timed()));
        Assert.Equal("timer", await actor.Ask<string>("when", LoopSystem.Patience));
        Assert.Equal("receive timeout", await actor.Ask<string>("idle", LoopSystem.Patience));
        await Assert.ThrowsAsync<AskTimeoutException>(() => actor.Ask<string>("nothing", Near));
    }

    [Fact]
    public async Task What_waits_when_the_system_ends_is_done_then_and_nothing_is_taken_after()
    {
        TaskCompletionSource waits = new();
        var scheduler = Advanced;
        scheduler.ScheduleOnce(Far, waits.SetResult);
        await _system.Terminate().WaitAsync(LoopSystem.Patience);
        await waits.Task.WaitAsync(LoopSystem.Patience);
        Assert.Throws<SchedulerException>(() => scheduler.ScheduleOnce(Near, static () => { }));
    }

    public async ValueTask DisposeAsync() => await _system.Terminate();

    private sealed class Timed : ReceiveActor, IWithTimers
    {
        public Timed()
        {
            IActorRef? asker = null;
            Receive<string>(
                static text => text is "when" or "idle",
                text =>
                {
                    asker = Sender;
                    if (text == "when")
                        Timers.StartSingleTimer("key", 1, Near);
                    else
                        SetReceiveTimeout(Near);
                }
            );
            Receive<int>(_ => asker.Tell("timer"));
            Receive<ReceiveTimeout>(_ =>
            {
                SetReceiveTimeout(null);
                asker.Tell("receive timeout");
            });
        }

        public ITimerScheduler Timers { get; set; } = null!;
    }
}
