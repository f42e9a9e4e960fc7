using Akka.Actor;
using Akka.Configuration;
using Akka.Dispatch;
using Akka.Dispatch.MessageQueues;
using TlsGateway.Transport;

namespace TlsGateway.Actors.Dispatch;

/// <summary>Makes <see cref="LoopMessageQueue"/>s for the loop whose index stands in its configuration (<c>loop-index</c>).</summary>
public sealed class LoopMailboxType : MailboxType, IProducesMessageQueue<UnboundedMessageQueue>
{
    private readonly int _loopIndex;

    // Akka makes a mailbox type for each system, and looking an extension up costs more than the mailbox.
    private EventLoop? _loop;

    /// <summary>Called by Akka with the section that <see cref="EventLoops"/> wrote.</summary>
    public LoopMailboxType(Akka.Actor.Settings settings, Config config)
        : base(settings, config) => _loopIndex = config.GetInt("loop-index");

    public override IMessageQueue Create(IActorRef owner, ActorSystem system) =>
        new LoopMessageQueue(_loop ??= EventLoops.Get(system).Loop(_loopIndex));
}
