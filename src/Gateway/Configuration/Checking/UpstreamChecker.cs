using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using TlsGateway.Actors.Settings;
using TlsGateway.Gateway.Configuration.Options;
using TlsGateway.Gateway.Configuration.Values;

namespace TlsGateway.Gateway.Configuration.Checking;

/// <summary>Checks upstreams and looks their host names up, all at once.</summary>
internal sealed class UpstreamChecker(ConfigurationProblems problems, ConfigurationWorld world)
{
    /// <summary>The resolver's own default is 5 s for each of two attempts; a start should not hang longer than that on a dead name server.</summary>
    private static readonly TimeSpan ResolveTimeout = TimeSpan.FromSeconds(10);

    /// <summary>Every upstream by name; null for one that has an error (which is then among the problems). No address: the embedded demo.</summary>
    public async Task<IReadOnlyDictionary<string, UpstreamSettings?>> CheckAsync(
        Dictionary<string, UpstreamOptions> upstreams,
        CancellationToken cancellation
    )
    {
        var checks = upstreams.Select(async upstream =>
            (upstream.Key, Settings: await CheckOneAsync(upstream.Key, upstream.Value, cancellation).ConfigureAwait(false))
        );
        var settings = await Task.WhenAll(checks).ConfigureAwait(false);
        return settings.ToDictionary(static checkedOne => checkedOne.Key, static checkedOne => checkedOne.Settings, StringComparer.Ordinal);
    }

    private async Task<UpstreamSettings?> CheckOneAsync(string name, UpstreamOptions options, CancellationToken cancellation)
    {
        if (!Regex.IsMatch(name, TextAttribute.NamePattern, RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1)))
        {
            Report(options.Start, $"upstreams.{name} is not a usable name. Write letters, digits, -, _ and ., at most 63.");
        }
        if (options.Address is null)
        {
            return null;
        }
        if (options.Address == UpstreamOptions.EmbeddedDemo)
        {
            return new UpstreamSettings
            {
                Name = name,
                Addresses = [],
                ConnectTimeout = options.ConnectTimeout,
            };
        }
        var position = options.At(nameof(options.Address));
        var written = $"upstreams.{name}.address is '{options.Shown(nameof(options.Address))}'";
        if (!AddressText.TrySplit(options.Address, out var host, out var port, out var problem))
        {
            var hint = Reading.NearestName.Find(options.Address, [UpstreamOptions.EmbeddedDemo]) is { } demo
                ? $"which is not host:port. Did you mean {demo}?"
                : problem;
            Report(position, $"{written}, {hint}");
            return null;
        }
        if (host.Length == 0 || port == 0)
        {
            Report(position, $"{written}, which has no {(host.Length == 0 ? "host" : "port")}. Write host:port, such as 10.0.0.5:8080.");
            return null;
        }
        var addresses = await ResolveAsync(host, written, position, cancellation).ConfigureAwait(false);
        return addresses is null
            ? null
            : new UpstreamSettings
            {
                Name = name,
                Addresses = [.. addresses.Select(address => new IPEndPoint(address, port))],
                ConnectTimeout = options.ConnectTimeout,
            };
    }

    private async Task<IPAddress[]?> ResolveAsync(string host, string written, SourcePosition position, CancellationToken cancellation)
    {
        if (IPAddress.TryParse(host, out var literal))
        {
            return [literal];
        }
        try
        {
            var addresses = await world
                .ResolveHost(host, cancellation)
                .WaitAsync(ResolveTimeout, world.Time, cancellation)
                .ConfigureAwait(false);
            if (addresses.Length > 0)
            {
                return addresses;
            }
            Report(position, $"{written}, whose host {host} has no address.");
        }
        catch (Exception failed) when (failed is SocketException or TimeoutException)
        {
            var why = failed is TimeoutException ? $"no answer within {DurationText.Format(ResolveTimeout)}" : failed.Message;
            Report(
                position,
                $"{written}, whose host {host} cannot be looked up: {why}. Check the spelling and this machine's name server."
            );
        }
        return null;
    }

    /// <summary>Look-ups end on several threads.</summary>
    private void Report(SourcePosition position, string message)
    {
        lock (problems)
        {
            problems.Error(position, message);
        }
    }
}
