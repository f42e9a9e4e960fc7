using Akka.Actor;
using Akka.Actor.Setup;
using Akka.Configuration;

namespace TlsGateway.Kubernetes.Tests.Support;

/// <summary>A real actor system that is configured for an API server of the tests.</summary>
internal sealed class TestSystem : IAsyncDisposable
{
    private TestSystem(ActorSystem system) => System = system;

    public ActorSystem System { get; }

    /// <param name="more">HOCON that goes before.</param>
    public static TestSystem Start(FakeApiServer server, KubernetesSetup? setup = null, string more = "")
    {
        var api = $$"""
            api-server = "{{server.Address}}"
            ca-file = "{{server.CaFile}}"
            token-file = "{{server.TokenFile}}"
            namespace-file = "{{server.NamespaceFile}}"
            """;
        var config = ConfigurationFactory
            .ParseString(more)
            .WithFallback(
                ConfigurationFactory.ParseString(
                    $$"""
                    akka.loglevel = OFF
                    akka.stdout-loglevel = OFF
                    akka.discovery.kubernetes { {{api}} }
                    akka.coordination.lease.kubernetes { {{api}} }
                    """
                )
            )
            .WithFallback(KubernetesDefaults.Configuration);
        var whole = BootstrapSetup.Create().WithConfig(config);
        return new(ActorSystem.Create("gateway", setup is null ? ActorSystemSetup.Create(whole) : ActorSystemSetup.Create(whole, setup)));
    }

    public async ValueTask DisposeAsync() => await System.Terminate().WaitAsync(TestClock.Patience);
}
