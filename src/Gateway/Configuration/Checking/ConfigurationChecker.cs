using System.Net;
using Microsoft.Extensions.Logging;
using TlsGateway.Actors.Settings;
using TlsGateway.Gateway.Configuration.Options;
using TlsGateway.Gateway.Configuration.Values;

namespace TlsGateway.Gateway.Configuration.Checking;

/// <summary>
/// Checks what options mean: references, conflicts, files, names. Values that the reader refused hold their defaults here and are left alone, so
/// that one mistake is one problem.
/// </summary>
internal sealed class ConfigurationChecker(ConfigurationProblems problems, ConfigurationWorld world, string file)
{
    /// <summary>Makes the configuration; null when there are errors, all of which are then among the problems.</summary>
    public async Task<GatewayConfiguration?> CheckAsync(GatewayOptions options, CancellationToken cancellation)
    {
        var stateFolder = Path.GetFullPath(options.StateFolder, world.WorkingFolder);
        InputFiles files = new(problems, file);
        var admin = new AdminChecker(problems, world, files).Check(options.Admin);
        var servers = CheckNameServers(options.Dns);
        var upstreams = await new UpstreamChecker(problems, world, files, servers)
            .CheckAsync(options.Upstreams, cancellation)
            .ConfigureAwait(false);
        var listeners = new ListenerChecker(problems, world, files, stateFolder).Check(options, upstreams, admin);
        if (options.Has(nameof(options.Listeners)) && options.Listeners.Count == 0 && !problems.HasErrors)
        {
            problems.Error(options.At(nameof(options.Listeners)), "listeners is empty. The gateway needs at least one.");
        }
        if (options.Memory.CloseIdleAt < options.Memory.RefuseAt)
        {
            problems.Error(
                options.Memory.Start,
                $"memory has a closeIdleAt of {options.Memory.CloseIdleAt}, below its refuseAt of {options.Memory.RefuseAt}: connections would be closed to make room for new ones. Make it as high at least."
            );
        }
        var tickets = new TicketKeyChecker(problems, file).Check(options.TicketKeys);
        var cluster = options.Cluster is null
            ? null
            : new ClusterChecker(problems, world, files).Check(options.Cluster, tickets, options.Limits, listeners, admin);
        var keyLogFile = CheckKeyLogFile(options);
        TelemetryChecker telemetry = new(problems, world, file);
        var accessLog = telemetry.Check(options.AccessLog);
        var sent = telemetry.Check(options.Telemetry);
        if (problems.HasErrors || admin is null)
        {
            return null;
        }
        return new GatewayConfiguration
        {
            File = file,
            DrainGrace = options.Drain.Grace,
            DrainTimeout = options.Drain.Timeout,
            Cluster = cluster,
            EventLoops = options.EventLoops ?? 0,
            StateFolder = stateFolder,
            Admin = admin,
            Log = new LogSettings(
                Enum.Parse<LogLevel>(options.Log.Level, ignoreCase: true),
                Enum.Parse<LogFormat>(options.Log.Format, ignoreCase: true)
            ),
            AccessLog = accessLog,
            Telemetry = sent,
            TicketKeys = tickets,
            KeyLogFile = keyLogFile,
            WatchedFiles = options.WatchFiles ? files.Seen : GatewayConfiguration.NoFiles,
            Listeners = listeners,
            StaplingListeners = options
                .Listeners.Where(static listener => listener.Tls is { OcspStapling: true, Certificates: not null })
                .Select(static listener => listener.Name!)
                .ToHashSet(StringComparer.Ordinal),
            UpstreamCount = upstreams.Count,
            NameServers = servers,
            Limits = LimitReader.Read(options.Limits, options.Limits.Connections),
            ClientLimits = LimitReader.Read(options.Limits.PerClient),
            Memory = new MemorySettings
            {
                Limit = options.Memory.Limit ?? 0,
                RefuseAt = options.Memory.RefuseAt,
                CloseIdleAt = options.Memory.CloseIdleAt,
            },
        };
    }

    private List<IPEndPoint> CheckNameServers(DnsOptions options)
    {
        const int DnsPort = 53;
        List<IPEndPoint> servers = [];
        for (var index = 0; index < options.Servers.Count; index++)
        {
            if (IPEndPoint.TryParse(options.Servers[index], out var server))
            {
                servers.Add(server.Port == 0 ? new IPEndPoint(server.Address, DnsPort) : server);
            }
            else
            {
                problems.Error(
                    options.At(nameof(options.Servers), index),
                    $"dns.servers[{index}] is '{options.Servers[index]}', which is no IP address with a port. Write 10.0.0.10:53 or [fd00::a]:53."
                );
            }
        }
        return servers;
    }

    private string? CheckKeyLogFile(GatewayOptions options)
    {
        if (string.IsNullOrEmpty(options.KeyLogFile))
        {
            return null;
        }
        problems.Warning(
            options.At(nameof(options.KeyLogFile)),
            $"keyLogFile IS ON: the keys of every connection go to {options.Shown(nameof(options.KeyLogFile))}; whoever reads it can decrypt recorded traffic. Remove it when you are done."
        );
        return Path.GetFullPath(options.KeyLogFile, Path.GetDirectoryName(file)!);
    }
}
