using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using TlsGateway.Actors.Names;
using TlsGateway.Actors.Settings;
using TlsGateway.Gateway.Configuration.Options;
using TlsGateway.Gateway.Configuration.Values;
using TlsGateway.Gateway.Names;
using TlsGateway.Transport;

namespace TlsGateway.Gateway.Configuration.Checking;

/// <summary>Checks upstreams and looks their host names up, all at once.</summary>
/// <param name="problems">Gets what is wrong.</param>
/// <param name="world">The machine.</param>
/// <param name="files">Reads certificates.</param>
/// <param name="servers">Name servers to ask; none: the machine's.</param>
internal sealed class UpstreamChecker(
    ConfigurationProblems problems,
    ConfigurationWorld world,
    InputFiles files,
    IReadOnlyList<IPEndPoint> servers
)
{
    private const string UnixScheme = "unix:";

    /// <summary>The resolver's own default is 5 s for each of two attempts; a start should not hang longer than that on a dead name server.</summary>
    private static readonly TimeSpan ResolveTimeout = TimeSpan.FromSeconds(10);

    /// <summary>Every upstream by name; null for one that has an error (which is then among the problems). No address: the embedded demo.</summary>
    public async Task<IReadOnlyDictionary<string, UpstreamSettings?>> CheckAsync(
        Dictionary<string, UpstreamOptions> upstreams,
        CancellationToken cancellation
    )
    {
        // Files are read one after the other, look-ups wait together.
        UpstreamTlsChecker checker = new(problems, world, files);
        var tls = upstreams.ToDictionary(
            static upstream => upstream.Key,
            upstream => upstream.Value.Tls is { } options ? checker.Check($"upstreams.{upstream.Key}.tls", options) : null,
            StringComparer.Ordinal
        );
        var checks = upstreams.Select(async upstream =>
            (
                upstream.Key,
                Settings: await CheckOneAsync(upstream.Key, upstream.Value, tls[upstream.Key], cancellation).ConfigureAwait(false)
            )
        );
        var settings = await Task.WhenAll(checks).ConfigureAwait(false);
        return settings.ToDictionary(static checkedOne => checkedOne.Key, static checkedOne => checkedOne.Settings, StringComparer.Ordinal);
    }

    private async Task<UpstreamSettings?> CheckOneAsync(
        string name,
        UpstreamOptions options,
        UpstreamTlsSettings? tls,
        CancellationToken cancellation
    )
    {
        if (!Regex.IsMatch(name, TextAttribute.NamePattern, RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1)))
        {
            Report(options.Start, $"upstreams.{name} is not a usable name. Write letters, digits, -, _ and ., at most 63.");
        }
        if (options.Has(nameof(options.Address)) == options.Has(nameof(options.Endpoints)))
        {
            var what = options.Has(nameof(options.Address)) ? "has both address and endpoints" : "has no address";
            Report(
                options.Start,
                $"upstreams.{name} {what}. Write address: host:port for one backend, or endpoints: [{{address: host:port}}, …]."
            );
            return null;
        }
        if (options is { Address: UpstreamOptions.EmbeddedDemo, Tls: not null })
        {
            Report(
                options.At(nameof(options.Tls)),
                $"upstreams.{name} has tls, and {UpstreamOptions.EmbeddedDemo} speaks plain text. Remove it."
            );
        }
        if (options.PreConnect && (options.ProxyProtocol == "v2" || options.Tls is { CopyApplicationProtocol: true }))
        {
            var what = options.ProxyProtocol == "v2" ? "proxyProtocol: v2" : "tls.copyApplicationProtocol";
            Report(
                options.At(nameof(options.PreConnect)),
                $"upstreams.{name}.preConnect cannot be used with {what}, which needs what the handshake shows. Remove one of the two."
            );
        }
        var endpoints =
            options.Address == UpstreamOptions.EmbeddedDemo
                ? []
                : await ReadEndpointsAsync(name, options, cancellation).ConfigureAwait(false);
        if (endpoints is null)
        {
            return null;
        }
        return new UpstreamSettings
        {
            Name = name,
            Endpoints = endpoints,
            Tls = tls,
            ProxyProtocol = options.ProxyProtocol switch
            {
                "v1" => ProxyProtocolVersion.V1,
                "v2" => ProxyProtocolVersion.V2,
                _ => ProxyProtocolVersion.None,
            },
            Balance = Enum.Parse<BalanceAlgorithm>(options.Balance, ignoreCase: true),
            ConnectAttempts = options.ConnectAttempts,
            ConnectTimeout = options.ConnectTimeout,
            OnFailure = Enum.Parse<UpstreamFailureAction>(options.OnFailure, ignoreCase: true),
            PreConnect = options.PreConnect,
            MaxConnections = options.MaxConnections,
            Queue = new QueueSettings { Size = options.Queue.Size, Timeout = options.Queue.Timeout },
            SlowStart = options.SlowStart,
            HealthCheck = ReadHealth(name, options),
            Outliers = ReadEjection(name, options.Ejection),
            PanicShare = options.PanicThreshold,
        };
    }

    private HealthCheckSettings? ReadHealth(string name, UpstreamOptions options)
    {
        if (options.Health is not { Check: { } check } health)
        {
            return null;
        }
        var isHttp = check is "http" or "https";
        string[] ofHttp = [nameof(health.Path), nameof(health.Status), nameof(health.Body)];
        if (!isHttp && Array.Find(ofHttp, health.Has) is { } without)
        {
            var key = char.ToLowerInvariant(without[0]) + without[1..];
            Report(
                health.At(without),
                $"upstreams.{name}.health has {key}, which a {check} check does not look at. Remove it, or write check: http."
            );
        }
        if (health.Port is not null && AllAddresses(options).All(IsUnix))
        {
            Report(health.At(nameof(health.Port)), $"upstreams.{name}.health has port, and its endpoints are Unix sockets. Remove it.");
        }
        var status = health.Status.Split('-');
        var (from, to) = (int.Parse(status[0], CultureInfo.InvariantCulture), int.Parse(status[^1], CultureInfo.InvariantCulture));
        if (from > to)
        {
            Report(
                health.At(nameof(health.Status)),
                $"upstreams.{name}.health.status is '{health.Status}', which no status is in. Write the lower one first."
            );
        }
        return new HealthCheckSettings
        {
            Kind = Enum.Parse<HealthCheckKind>(check, ignoreCase: true),
            Interval = health.Interval,
            Timeout = health.Timeout,
            Rise = health.Rise,
            Fall = health.Fall,
            Port = health.Port ?? 0,
            Path = health.Path,
            Host = health.Host ?? "",
            Status = (from, to),
            Body = health.Body ?? "",
        };
    }

    private OutlierSettings ReadEjection(string name, EjectionOptions ejection)
    {
        if (ejection.MaximumTime < ejection.Time)
        {
            Report(
                ejection.At(ejection.Has(nameof(ejection.MaximumTime)) ? nameof(ejection.MaximumTime) : nameof(ejection.Time)),
                $"upstreams.{name}.ejection has a maximumTime of {DurationText.Format(ejection.MaximumTime)}, which is shorter than its time of {DurationText.Format(ejection.Time)}. Make it as long at least."
            );
        }
        return new OutlierSettings
        {
            Failures = ejection.Failures,
            Time = ejection.Time,
            MaximumTime = ejection.MaximumTime,
            MaximumShare = ejection.MaximumShare,
        };
    }

    private static IEnumerable<string?> AllAddresses(UpstreamOptions options) =>
        options.Address is { } address ? [address] : options.Endpoints.Select(static endpoint => endpoint.Address);

    private static bool IsUnix(string? address) => address?.StartsWith(UnixScheme, StringComparison.Ordinal) == true;

    private async Task<List<EndpointSettings>?> ReadEndpointsAsync(string name, UpstreamOptions options, CancellationToken cancellation)
    {
        if (options.Has(nameof(options.Address)))
        {
            return options.Address is null
                ? null
                : await ReadAsync(
                        options.Address,
                        options.At(nameof(options.Address)),
                        $"upstreams.{name}.address is '{options.Shown(nameof(options.Address))}'",
                        static address => new EndpointSettings(address),
                        cancellation
                    )
                    .ConfigureAwait(false);
        }
        if (options.Endpoints.Count == 0)
        {
            Report(options.At(nameof(options.Endpoints)), $"upstreams.{name}.endpoints is empty. Write at least one: - address: host:port");
            return null;
        }
        var reads = options.Endpoints.Select(
            (endpoint, index) =>
                endpoint.Address is null
                    ? Task.FromResult<List<EndpointSettings>?>(null)
                    : ReadAsync(
                        endpoint.Address,
                        endpoint.At(nameof(endpoint.Address)),
                        $"upstreams.{name}.endpoints[{index}].address is '{endpoint.Shown(nameof(endpoint.Address))}'",
                        address => new EndpointSettings(address) { Weight = endpoint.Weight, IsBackup = endpoint.Backup },
                        cancellation
                    )
        );
        var read = await Task.WhenAll(reads).ConfigureAwait(false);
        if (read.Contains(null))
        {
            return null;
        }
        List<EndpointSettings> endpoints = [.. read.SelectMany(static one => one!)];
        if (endpoints.GroupBy(static endpoint => endpoint.Address).FirstOrDefault(static same => same.Count() > 1) is { } twice)
        {
            Report(
                options.At(nameof(options.Endpoints)),
                $"upstreams.{name}.endpoints has {twice.Key} twice. Remove one, or give it a weight of 2."
            );
            return null;
        }
        if (endpoints.TrueForAll(static endpoint => endpoint.IsBackup))
        {
            Report(options.At(nameof(options.Endpoints)), $"upstreams.{name}.endpoints are all backup. Leave one without backup: true.");
            return null;
        }
        return endpoints;
    }

    private async Task<List<EndpointSettings>?> ReadAsync(
        string text,
        SourcePosition position,
        string written,
        Func<EndPoint, EndpointSettings> make,
        CancellationToken cancellation
    )
    {
        if (IsUnix(text))
        {
            return ReadUnix(text[UnixScheme.Length..], position, written) is { } socket ? [make(socket)] : null;
        }
        if (!AddressText.TrySplit(text, out var host, out var port, out var problem))
        {
            var hint = Reading.NearestName.Find(text, [UpstreamOptions.EmbeddedDemo]) is { } demo
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
            :
            [
                .. AddressOrder
                    .Interleave(addresses)
                    .Select(address => make(new IPEndPoint(address, port)) with { Host = IPAddress.TryParse(host, out _) ? "" : host }),
            ];
    }

    private UnixDomainSocketEndPoint? ReadUnix(string path, SourcePosition position, string written)
    {
        if (!Path.IsPathRooted(path))
        {
            Report(position, $"{written}, whose path is not absolute. Write unix:/ and the whole path.");
        }
        else if (Encoding.UTF8.GetByteCount(path) >= UnixSocket.MaxPathBytes)
        {
            Report(position, $"{written}, whose path is longer than the {UnixSocket.MaxPathBytes - 1} bytes that a Unix socket may have.");
        }
        else
        {
            return new UnixDomainSocketEndPoint(path);
        }
        return null;
    }

    private async Task<IPAddress[]?> ResolveAsync(string host, string written, SourcePosition position, CancellationToken cancellation)
    {
        if (IPAddress.TryParse(host, out var literal))
        {
            return [literal];
        }
        try
        {
            var addresses = await Resolve(host, cancellation).WaitAsync(ResolveTimeout, world.Time, cancellation).ConfigureAwait(false);
            if (addresses.Length > 0)
            {
                return addresses;
            }
            Report(position, $"{written}, whose host {host} has no address.");
        }
        catch (Exception failed) when (failed is SocketException or TimeoutException)
        {
            var why = failed is TimeoutException ? $"no answer within {DurationText.Format(ResolveTimeout)}" : failed.Message;
            Report(position, $"{written}, whose host {host} cannot be looked up: {why}. Check the spelling and the name server.");
        }
        return null;
    }

    private async Task<IPAddress[]> Resolve(string host, CancellationToken cancellation) =>
        servers.Count == 0
            ? await world.ResolveHost(host, cancellation).ConfigureAwait(false)
            : [.. (await new HostResolver(servers).ResolveAsync(host, cancellation).ConfigureAwait(false)).Addresses];

    /// <summary>Look-ups end on several threads.</summary>
    private void Report(SourcePosition position, string message)
    {
        lock (problems)
        {
            problems.Error(position, message);
        }
    }
}
