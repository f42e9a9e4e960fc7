using Akka.Actor;
using Akka.Actor.Setup;
using Akka.Configuration;
using BenchmarkDotNet.Attributes;
using TlsGateway.Actors.Dispatch;

namespace TlsGateway.Micro;

/// <summary>What Akka costs on a loop: a message between two actors of one loop, and an actor from its creation to its end.</summary>
[MemoryDiagnoser]
public class ActorBenchmarks
{
    private const int Messages = 100_000;
    private const int Actors = 10_000;

    private ActorSystem? _system;
    private IActorRef? _one;
    private IActorRef? _parent;

    [GlobalSetup]
    public void Start()
    {
        var quiet = ConfigurationFactory.ParseString("akka { loglevel = OFF, stdout-loglevel = OFF }");
        var setup = BootstrapSetup.Create().WithConfig(EventLoops.MailboxConfig(1).WithFallback(quiet));
        _system = ActorSystem.Create("bench", setup.And(new EventLoopsSetup { Count = 1 }));
        _ = EventLoops.Get(_system);
        var other = _system.ActorOf(Props.Create(() => new Player(null)).WithDeploy(EventLoops.Pin(0)));
        _one = _system.ActorOf(Props.Create(() => new Player(other)).WithDeploy(EventLoops.Pin(0)));
        _parent = _system.ActorOf(Props.Create(() => new Parent()).WithDeploy(EventLoops.Pin(0)));
    }

    [GlobalCleanup]
    public Task Stop() => _system!.Terminate();

    [Benchmark(OperationsPerInvoke = Messages)]
    public void Message() => Wait(done => _one!.Tell(new Game(Messages / 2, done)));

    [Benchmark(OperationsPerInvoke = Actors)]
    public void Actor_created_and_stopped() => Wait(done => _parent!.Tell(new Game(Actors, done)));

    private static void Wait(Action<ManualResetEventSlim> begin)
    {
        using var done = new ManualResetEventSlim();
        begin(done);
        done.Wait();
    }

    private sealed class Game(int left, ManualResetEventSlim done)
    {
        private int _left = left;

        public bool IsOver() => --_left == 0;

        public void End() => done.Set();
    }

    private sealed class Player(IActorRef? other) : UntypedActor
    {
        protected override void OnReceive(object message)
        {
            if (other is null)
                Sender.Tell(message);
            else if (message is Game game && game.IsOver())
                game.End();
            else
                other.Tell(message);
        }
    }

    private sealed class Parent : UntypedActor
    {
        private Game? _game;

        protected override void OnReceive(object message)
        {
            switch (message)
            {
                case Game game:
                    _game = game;
                    Next();
                    break;
                case Terminated when _game!.IsOver():
                    _game.End();
                    break;
                case Terminated:
                    Next();
                    break;
            }
        }

        private void Next() => Context.Stop(Context.Watch(Context.ActorOf(Child.Props.WithDeploy(EventLoops.Pin(0)))));
    }

    private sealed class Child : UntypedActor
    {
        public static readonly Props Props = Props.CreateBy(new Producer());

        protected override void OnReceive(object message) => Unhandled(message);

        private sealed class Producer : IIndirectActorProducer
        {
            public Type ActorType => typeof(Child);

            public ActorBase Produce() => new Child();

            public void Release(ActorBase actor) { }
        }
    }
}
