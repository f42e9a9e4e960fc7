using Akka.Actor;

namespace TlsGateway.Kubernetes.Api;

/// <summary>The API servers that an actor system's plugins talk to, one client for each. They end with the system.</summary>
internal sealed class ApiServers : IExtension
{
    private readonly Lock _lock = new();
    private readonly Dictionary<ApiServerSettings, ApiServer> _servers = [];
    private readonly TimeProvider _time;

    public ApiServers(ActorSystem system)
    {
        _time = KubernetesSetup.Of(system).Time;
        // After the plugins' own ends, which still use it.
        _ = system.WhenTerminated.ContinueWith(_ => Dispose(), TaskScheduler.Default);
    }

    public static ApiServers Of(ActorSystem system) => system.WithExtension<ApiServers, Provider>();

    public ApiServer Get(ApiServerSettings settings)
    {
        lock (_lock)
        {
            if (!_servers.TryGetValue(settings, out var server))
            {
                server = new ApiServer(settings, _time);
                _servers.Add(settings, server);
            }
            return server;
        }
    }

    private void Dispose()
    {
        lock (_lock)
        {
            foreach (var server in _servers.Values)
            {
                server.Dispose();
            }
            _servers.Clear();
        }
    }

    internal sealed class Provider : ExtensionIdProvider<ApiServers>
    {
        public override ApiServers CreateExtension(ExtendedActorSystem system) => new(system);
    }
}
