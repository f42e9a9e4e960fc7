using Akka.Configuration;
using Akka.Dispatch;
using TlsGateway.Transport;

namespace TlsGateway.Actors.Dispatch;

/// <summary>Hands out the one dispatcher of one loop, however often Akka looks it up.</summary>
internal sealed class EventLoopDispatcherConfigurator : MessageDispatcherConfigurator
{
    private readonly EventLoopDispatcher _dispatcher;

    internal EventLoopDispatcherConfigurator(Config config, IDispatcherPrerequisites prerequisites, string id, EventLoop loop)
        : base(config, prerequisites) => _dispatcher = new EventLoopDispatcher(this, id, loop);

    public override MessageDispatcher Dispatcher() => _dispatcher;
}
