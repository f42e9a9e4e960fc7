using Akka.Actor;
using Akka.Actor.Setup;
using Akka.Configuration;
using Akka.Hosting;
using TlsGateway.Actors.Dispatch;
using TlsGateway.Gateway.Admin;
using TlsGateway.Gateway.Configuration;
using TlsGateway.Gateway.Configuration.Checking;
using TlsGateway.Gateway.Logging;
using TlsGateway.Gateway.Telemetry;

namespace TlsGateway.Gateway.Hosting;

/// <summary>Puts the process together: generic host, ActorSystem, gateway.</summary>
internal static class GatewayProcess
{
    /// <summary>
    /// The host stops the ActorSystem after the gateway has drained; Akka itself must neither end the process nor race the host when the process is told
    /// to end. Dead letters at that time are connections that are gone: no news.
    /// </summary>
    private const string Hocon = """
        akka {
          stdout-loglevel = WARNING
          log-dead-letters-during-shutdown = off
          # Its timers are for health checks, names and questions; connections have the loops' wheels.
          scheduler { implementation = "TlsGateway.Actors.Dispatch.SleepingScheduler, Actors", tick-duration = 50ms }
          coordinated-shutdown {
            exit-clr = off
            run-by-clr-shutdown-hook = off
            # Grace, drain and the last lines of the log have limits of their own, set by the operator; a reload may change them.
            phases {
              before-service-unbind.timeout = 25h
              service-requests-done.timeout = 25h
              cluster-leave.timeout = 1m
              before-actor-system-terminate.timeout = 1m
            }
          }
        }
        """;

    /// <summary>Runs until a signal or <paramref name="cancellation"/> stops it and it has drained.</summary>
    /// <exception cref="GatewayStartException">It could not start; what had been started is stopped again.</exception>
    public static async Task RunAsync(
        GatewayConfiguration configuration,
        string file,
        ConfigurationWorld world,
        TextWriter output,
        CancellationToken cancellation
    )
    {
        using var host = Build(configuration, file, world, output);
        try
        {
            await host.StartAsync(cancellation).ConfigureAwait(false);
            await host.WaitForShutdownAsync(cancellation).ConfigureAwait(false);
        }
        catch (GatewayStartException)
        {
            await host.Services.GetRequiredService<GatewayRuntime>().DisposeAsync().ConfigureAwait(false);
            await host.Services.GetRequiredService<ActorSystem>().Terminate().ConfigureAwait(false);
            throw;
        }
    }

    private static IHost Build(GatewayConfiguration configuration, string file, ConfigurationWorld world, TextWriter output)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { ApplicationName = "TlsGateway" });
        LogLevelSwitch level = new(configuration.Log.Level);
        builder.Logging.AddGatewayLogging(configuration.Log.Format, level);
        builder.AddLogExport(configuration.Telemetry, level.IsEnabled);
        // The drain has its own limit and a second signal ends it: the host must not cut it short.
        builder.Services.Configure<HostOptions>(static options => options.ShutdownTimeout = Timeout.InfiniteTimeSpan);
        builder.Services.AddSingleton(configuration);
        builder.Services.AddSingleton(level);
        builder.Services.AddSingleton(world.Time);
        builder.Services.AddSingleton<GatewayReadiness>();
        builder.Services.AddSingleton<GatewayRuntime>();
        builder.Services.AddSingleton(new StartReport(output));
        builder.Services.AddSingleton(services => new ConfigurationReloader(
            configuration,
            file,
            world,
            level,
            services.GetRequiredService<GatewayRuntime>(),
            services.GetRequiredService<ILogger<ConfigurationReloader>>()
        ));
        builder.Services.AddSingleton<IHostLifetime, SignalLifetime>();
        builder.Services.AddAkka("gateway", (akka, services) => Configure(akka, configuration, services));
        builder.Services.AddHostedService<GatewayService>();
        builder.Services.AddHostedService<FileWatcher>();
        return builder.Build();
    }

    private static void Configure(AkkaConfigurationBuilder akka, GatewayConfiguration configuration, IServiceProvider services)
    {
        var loops = configuration.EventLoops > 0 ? configuration.EventLoops : Environment.ProcessorCount;
        var log = services.GetRequiredService<ILogger<GatewayService>>();
        akka.AddHocon(EventLoops.MailboxConfig(loops), HoconAddMode.Prepend);
        akka.AddHocon(ConfigurationFactory.ParseString(Hocon), HoconAddMode.Prepend);
        akka.AddSetup(
            new EventLoopsSetup
            {
                Count = loops,
                Time = services.GetRequiredService<TimeProvider>(),
                OnUnhandled = log.LoopWorkFailed,
            }
        );
        akka.ConfigureLoggers(loggers =>
        {
            loggers.ClearLoggers();
            loggers.LogLevel = ToAkka(configuration.Log.Level);
            loggers.AddLoggerFactory();
        });
    }

    /// <summary>Akka filters before our switch does; its debug level is costly, so it is on only when it was asked for at the start.</summary>
    private static Akka.Event.LogLevel ToAkka(LogLevel level) =>
        level switch
        {
            LogLevel.Trace => Akka.Event.LogLevel.DebugLevel,
            LogLevel.Debug or LogLevel.Information => Akka.Event.LogLevel.InfoLevel,
            LogLevel.Warning => Akka.Event.LogLevel.WarningLevel,
            _ => Akka.Event.LogLevel.ErrorLevel,
        };
}
