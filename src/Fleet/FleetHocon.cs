using System.Globalization;
using System.Net;
using Akka.Cluster.Tools.PublishSubscribe;
using Akka.Cluster.Tools.Singleton;
using Akka.Configuration;
using Akka.DistributedData;
using TlsGateway.Fleet.Settings;

namespace TlsGateway.Fleet;

/// <summary>What a member's ActorSystem is set to.</summary>
internal static class FleetHocon
{
    /// <summary>
    /// Nothing that names its own type goes over the wire; the host ends the ActorSystem; timers are coarse and all actors share a thread, since an idle member should sleep; sockets have one thread each way, since members say little.
    /// </summary>
    private const string Fixed = """
        akka {
          stdout-loglevel = WARNING
          loglevel = INFO
          loggers = ["Akka.Hosting.Logging.LoggerFactoryLogger, Akka.Hosting"]
          log-dead-letters = off
          log-dead-letters-during-shutdown = off
          scheduler { implementation = "TlsGateway.Actors.Dispatch.SleepingScheduler, Actors", tick-duration = 250ms }
          actor {
            provider = cluster
            default-dispatcher.executor = "TlsGateway.Fleet.FleetExecutorConfigurator, Fleet"
            internal-dispatcher.executor = "TlsGateway.Fleet.FleetExecutorConfigurator, Fleet"
            serializers {
              fleet = "TlsGateway.Fleet.Protocol.FleetSerializer, Fleet"
              json = "TlsGateway.Fleet.Protocol.RefusingSerializer, Fleet"
            }
            serialization-bindings {
              "TlsGateway.Fleet.Protocol.IFleetMessage, Fleet" = fleet
            }
          }
          remote {
            use-dispatcher = akka.actor.default-dispatcher
            log-remote-lifecycle-events = off
            dot-netty.tcp {
              maximum-frame-size = 256KiB
              batching.flush-interval = 10ms
              server-socket-worker-pool { pool-size-min = 1, pool-size-max = 1 }
              client-socket-worker-pool { pool-size-min = 1, pool-size-max = 1 }
            }
          }
          cluster {
            roles = ["gateway"]
            log-info = on
            downing-provider-class = "Akka.Cluster.SBR.SplitBrainResolverProvider, Akka.Cluster"
            run-coordinated-shutdown-when-down = on
            use-dispatcher = akka.actor.default-dispatcher
            pub-sub { role = gateway, use-dispatcher = akka.actor.default-dispatcher, gossip-interval = 2s }
            distributed-data {
              role = gateway
              use-dispatcher = akka.actor.default-dispatcher
              delta-crdt.enabled = off
              gossip-interval = 4s
              notify-subscribers-interval = 1s
            }
          }
          coordinated-shutdown {
            exit-clr = off
            run-by-clr-shutdown-hook = off
            run-by-actor-system-terminate = off
          }
        }
        """;

    public static Config For(FleetSettings settings)
    {
        var config = ConfigurationFactory
            .ParseString(Varying(settings))
            .WithFallback(ConfigurationFactory.ParseString(Fixed))
            .WithFallback(DistributedPubSub.DefaultConfig())
            .WithFallback(ClusterSingleton.DefaultConfig())
            .WithFallback(DistributedData.DefaultConfig());
        return settings.Discovery is { } discovery
            ? ConfigurationFactory.ParseString(discovery.Hocon).WithFallback(discovery.Defaults).WithFallback(config)
            : config;
    }

    private static string Varying(FleetSettings settings)
    {
        var all = settings.Bind.Address.Equals(IPAddress.IPv6Any) ? "0.0.0.0" : settings.Bind.Address.ToString();
        return string.Create(
            CultureInfo.InvariantCulture,
            $$"""
            akka {
              remote.dot-netty.tcp {
                hostname = "{{all}}"
                port = {{settings.Bind.Port}}
                public-hostname = "{{settings.Advertised.Host}}"
                public-port = {{settings.Advertised.Port}}
                enable-ssl = {{(settings.Tls is null ? "off" : "on")}}
              }
              cluster.split-brain-resolver {
                active-strategy = {{Strategy(settings.SplitBrain)}}
                stable-after = {{(long)settings.StableAfter.TotalMilliseconds}}ms
                static-quorum.quorum-size = {{settings.QuorumSize}}
                lease-majority.lease-implementation = "{{settings.Discovery?.LeasePath}}"
                lease-majority.lease-name = "{{settings.Discovery?.LeaseName}}-split"
              }
            }
            """
        );
    }

    private static string Strategy(SplitBrain strategy) =>
        strategy switch
        {
            SplitBrain.KeepMajority => "keep-majority",
            SplitBrain.KeepOldest => "keep-oldest",
            SplitBrain.StaticQuorum => "static-quorum",
            SplitBrain.LeaseMajority => "lease-majority",
            SplitBrain.DownAll => "down-all",
            _ => throw new InvalidOperationException("no such strategy"),
        };
}
