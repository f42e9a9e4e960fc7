using System.Net;
using TlsGateway.Actors.Settings;
using TlsGateway.Gateway.Configuration;
using TlsGateway.Gateway.Configuration.Options;
using TlsGateway.Tls;

namespace TlsGateway.Gateway.Hosting;

/// <summary>What an operator sees at the start: what runs, where, and how to try it. On stdout as text, or as log events when the log is JSON.</summary>
internal sealed class StartReport(TextWriter output)
{
    public async Task WriteAsync(GatewayConfiguration configuration, GatewayRuntime runtime, ILogger log)
    {
        foreach (var line in Lines(configuration, runtime))
        {
            if (configuration.Log.Format == LogFormat.Json)
            {
                log.Started(line);
            }
            else
            {
                await output.WriteLineAsync(line).ConfigureAwait(false);
            }
        }
        await output.FlushAsync().ConfigureAwait(false);
    }

    private static IEnumerable<string> Lines(GatewayConfiguration configuration, GatewayRuntime runtime)
    {
        var engines = configuration
            .Listeners.Select(static listener => listener.Engine)
            .Distinct()
            .Select(TlsEngines.Describe)
            .Select(static engine => $"engine {engine.Name} ({engine.Version})");
        yield return $"TLS gateway {GatewayVersion.Text}, {string.Join(", ", engines)}";
        yield return $"configuration {configuration.File}, generation {runtime.Generation}";
        yield return $"admin {(configuration.Admin.Access.Tls is null ? "http" : "https")}://{runtime.AdminEndPoint}: {(configuration.Admin.LiveView ? "/ui (live view) " : "")}/metrics /livez /readyz /connections";
        foreach (var listener in runtime.Listeners)
        {
            var settings = configuration.Listeners.First(candidate => candidate.Name == listener.Name);
            var upstreams = string.Join(
                ", ",
                settings
                    .Upstreams.DistinctBy(static upstream => upstream.Name)
                    .Select(static upstream => $"{upstream.Name} ({DescribeUpstream(upstream)})")
            );
            var routes = settings.Routes.Count == 0 ? "" : $"{settings.Routes.Count} routes, ";
            yield return $"listener {listener.Name} on {listener.EndPoint}, {routes}upstream {upstreams}";
        }
        if (runtime.Development is not { } development)
        {
            yield break;
        }
        yield return $"development certificate {(development.WereMade ? "made" : "loaded")}, for localhost; try it:";
        foreach (var listener in runtime.Listeners)
        {
            var settings = configuration.Listeners.First(candidate => candidate.Name == listener.Name);
            if (GatewayConfiguration.UsesDevelopmentCertificate(settings))
            {
                yield return "  " + CurlCommand(development.AuthorityFile, listener.EndPoint);
            }
        }
    }

    /// <summary>A command that works when it is pasted. An address that localhost does not stand for is given to curl by hand.</summary>
    internal static string CurlCommand(string authorityFile, IPEndPoint endPoint)
    {
        var isLocal =
            endPoint.Address.Equals(IPAddress.Any) || endPoint.Address.Equals(IPAddress.IPv6Any) || IPAddress.IsLoopback(endPoint.Address);
        var resolve = isLocal ? "" : $"--resolve localhost:{endPoint.Port}:{endPoint.Address} ";
        return $"curl {resolve}--cacert {Quote(authorityFile)} https://localhost:{endPoint.Port}/";
    }

    private static string DescribeUpstream(UpstreamSettings upstream) =>
        upstream.Endpoints.Count == 0
            ? UpstreamOptions.EmbeddedDemo
            : string.Join(", ", upstream.Endpoints.Select(static endpoint => endpoint.Address + (endpoint.IsBackup ? " backup" : "")));

    private static string Quote(string path) =>
        path.All(static character => char.IsAsciiLetterOrDigit(character) || "/._-+".Contains(character, StringComparison.Ordinal))
            ? path
            : $"'{path.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
