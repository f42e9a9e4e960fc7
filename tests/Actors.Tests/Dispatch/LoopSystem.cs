using Akka.Actor;
using Akka.Actor.Setup;
using Akka.Configuration;
using TlsGateway.Actors.Connections;
using TlsGateway.Actors.Dispatch;

namespace TlsGateway.Actors.Tests.Dispatch;

/// <summary>An ActorSystem with event loops, ended with the test.</summary>
internal sealed class LoopSystem : IAsyncDisposable
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private static int s_number;

    public LoopSystem(int loops = 2)
    {
        Unhandled = [];
        var config = EventLoops
            .MailboxConfig(loops)
            .WithFallback(ConfigurationFactory.ParseString("akka { loglevel = OFF, stdout-loglevel = OFF, log-dead-letters = off }"));
        System = ActorSystem.Create(
            $"loops-{Interlocked.Increment(ref s_number)}",
            BootstrapSetup
                .Create()
                .WithConfig(config)
                .And(
                    new EventLoopsSetup
                    {
                        Count = loops,
                        OnUnhandled = e =>
                        {
                            lock (Unhandled)
                                Unhandled.Add(e);
                        },
                    }
                )
        );
        Loops = EventLoops.Get(System);
    }

    public ActorSystem System { get; }

    public EventLoops Loops { get; }

    public List<Exception> Unhandled { get; }

    public IActorRef Start<T>(int loop, Func<T> make)
        where T : ActorBase => System.ActorOf(Props.CreateBy(new Producer<T>(make)).WithDeploy(EventLoops.Pin(loop)));

    public async ValueTask DisposeAsync()
    {
        await System.Terminate().WaitAsync(Patience);
        for (var i = 0; i < Loops.Count; i++)
            Assert.True(Loops.Loop(i).Join(Patience));
    }

    private sealed class Producer<T>(Func<T> make) : IIndirectActorProducer
        where T : ActorBase
    {
        public Type ActorType => typeof(T);

        public ActorBase Produce() => make();

        public void Release(ActorBase actor) { }
    }
}
