using Akka.Actor;
using Akka.Configuration;
using TlsGateway.Transport;

namespace TlsGateway.Actors.Dispatch;

/// <summary>
/// The event loops of one ActorSystem: made and registered as dispatchers <c>gateway.loop-0</c> … before any actor asks for one, stopped after the last
/// actor ended.
/// </summary>
public sealed class EventLoops : IExtension
{
    private readonly EventLoop[] _loops;

    private EventLoops(ExtendedActorSystem system, EventLoopsSetup setup)
    {
        _loops = new EventLoop[setup.Count];
        var events = new ActorSocketEvents();
        for (var i = 0; i < _loops.Length; i++)
        {
            var id = DispatcherId(i);
            _loops[i] = new EventLoop(
                new EventLoopOptions
                {
                    Name = id,
                    Index = i,
                    Time = setup.Time,
                    OnUnhandled = setup.OnUnhandled,
                },
                events
            );
            // Without "mailbox-type": Akka would look that up by the dispatcher's id in the HOCON, where it is not.
            var config = ConfigurationFactory
                .ParseString($"id = {id}\nthroughput = 16\nshutdown-timeout = 1s")
                .WithFallback(system.Settings.Config.GetConfig("akka.actor.default-dispatcher"));
            system.Dispatchers.RegisterConfigurator(
                id,
                new EventLoopDispatcherConfigurator(config, system.Dispatchers.Prerequisites, id, _loops[i])
            );
            _loops[i].Start();
        }

        // After all actors ended; a loop that stopped earlier would leave mailboxes that never run.
        system.RegisterOnTermination(Stop);
    }

    public int Count => _loops.Length;

    public EventLoop Loop(int index) => _loops[index];

    /// <summary>Pins an actor to a loop: its dispatcher and its mailbox, for <see cref="Props.WithDeploy"/>. Make it once per loop, not per actor.</summary>
    public static Deploy Pin(int loop) => new Deploy().WithDispatcher(DispatcherId(loop)).WithMailbox(MailboxId(loop));

    /// <summary>The loops of <paramref name="system"/>; started by the first call, with an <see cref="EventLoopsSetup"/> from the system's setup if it has one.</summary>
    public static EventLoops Get(ActorSystem system) => system.WithExtension<EventLoops, Provider>();

    /// <summary>HOCON that an ActorSystem needs for <paramref name="loops"/> loops: one mailbox type per loop.</summary>
    public static Config MailboxConfig(int loops)
    {
        var type = $"{typeof(LoopMailboxType).FullName}, {typeof(LoopMailboxType).Assembly.GetName().Name}";
        var sections = Enumerable.Range(0, loops).Select(i => $"{MailboxId(i)} {{ mailbox-type = \"{type}\", loop-index = {i} }}");
        return ConfigurationFactory.ParseString(string.Join('\n', sections));
    }

    internal static string DispatcherId(int loop) => $"gateway.loop-{loop}";

    private static string MailboxId(int loop) => $"gateway.loop-{loop}-mailbox";

    private void Stop()
    {
        foreach (var loop in _loops)
            loop.Stop();
    }

    private sealed class Provider : ExtensionIdProvider<EventLoops>
    {
        public override EventLoops CreateExtension(ExtendedActorSystem system) =>
            new(system, system.Settings.Setup.Get<EventLoopsSetup>().GetOrElse(new EventLoopsSetup()));
    }
}
