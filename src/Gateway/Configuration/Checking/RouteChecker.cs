using System.Globalization;
using System.Net;
using TlsGateway.Actors.Routing;
using TlsGateway.Actors.Settings;
using TlsGateway.Gateway.ClientCertificates;
using TlsGateway.Gateway.Configuration.Options;
using TlsGateway.Gateway.Configuration.Reading;
using TlsGateway.Gateway.Configuration.Values;
using TlsGateway.Tls;
using TlsGateway.Tls.ClientCertificates;
using RouteOptions = TlsGateway.Gateway.Configuration.Options.RouteOptions;

namespace TlsGateway.Gateway.Configuration.Checking;

/// <summary>Checks a listener's routes: each alone, and in their order.</summary>
internal sealed class RouteChecker(ConfigurationProblems problems)
{
    private readonly NetworkReader _networks = new(problems);

    /// <summary>The routes that could be made; null when one could not, or when they have no end.</summary>
    public IReadOnlyList<RouteSettings>? Check(
        string path,
        ListenerOptions options,
        IReadOnlyDictionary<string, UpstreamSettings?>? upstreams
    )
    {
        List<RouteSettings> routes = [];
        HashSet<string> names = new(StringComparer.Ordinal) { RouteTable.DefaultName };
        var areGood = true;
        for (var index = 0; index < options.Routes.Count; index++)
        {
            var routePath = $"{path}.routes[{index}]";
            var route = options.Routes[index];
            if (route.Name is not null && !names.Add(route.Name))
            {
                var taken = route.Name == RouteTable.DefaultName ? "the name of the route to the listener's upstream" : "taken";
                problems.Error(route.At(nameof(route.Name)), $"{routePath}.name {route.Name} is {taken}. Give each route its own.");
                areGood = false;
            }
            if (CheckOne(routePath, route, options, upstreams) is { } made)
            {
                CheckOrder(routePath, route, made, routes);
                routes.Add(made);
            }
            else
            {
                areGood = false;
            }
        }
        if (areGood && !options.Has(nameof(options.Upstream)) && routes is not [.., { TakesAll: true }])
        {
            problems.Error(
                options.Start,
                $"{path} says nowhere whereto a connection goes that no route takes. Write upstream: NAME, or a last route without conditions (to reject: - {{name: rest, reject: unrecognized_name}})."
            );
            areGood = false;
        }
        return areGood ? routes : null;
    }

    /// <summary>The upstream of this name; null with a problem when there is none, and without one when there are none at all or it has an error of its own.</summary>
    public UpstreamSettings? FindUpstream(
        string path,
        PositionedOptions options,
        string property,
        string? name,
        IReadOnlyDictionary<string, UpstreamSettings?>? upstreams
    )
    {
        if (name is null || upstreams is null)
        {
            return null;
        }
        if (upstreams.TryGetValue(name, out var upstream))
        {
            return upstream;
        }
        var known = upstreams.Count == 0 ? "There is none under upstreams." : $"There are: {string.Join(", ", upstreams.Keys)}.";
        problems.Error(
            options.At(property),
            $"{path} '{options.Shown(property)}' does not exist. {known}{NearestName.Suggest(name, upstreams.Keys)}"
        );
        return null;
    }

    private RouteSettings? CheckOne(
        string path,
        RouteOptions options,
        ListenerOptions listener,
        IReadOnlyDictionary<string, UpstreamSettings?>? upstreams
    )
    {
        var target = CheckTarget(path, options, upstreams);
        var from = _networks.Read($"{path}.from", options, nameof(options.From), options.From, out var areNetworks);
        if (
            !TryReadNames(path, options, out var names)
                | !areNetworks
                | !TryReadPorts(path, options, listener, out var ports)
                | !TryReadJa4(path, options)
                | !TryReadClients(path, options, listener, out var clients)
            || options.Name is null
            || target is null
        )
        {
            return null;
        }
        return new RouteSettings
        {
            Name = options.Name,
            Target = target,
            Names = names,
            ApplicationProtocols = options.Alpn.Count == 0 ? null : options.Alpn.ToHashSet(StringComparer.Ordinal),
            From = from.Count == 0 ? null : PrefixTable.Of(from),
            Ja4 = options.Ja4.Count == 0 ? null : options.Ja4.ToHashSet(StringComparer.Ordinal),
            Ports = ports,
            Client = clients is null ? null : peer => clients.Exists(match => match.Fits(peer)),
        };
    }

    private RouteTarget? CheckTarget(string path, RouteOptions options, IReadOnlyDictionary<string, UpstreamSettings?>? upstreams)
    {
        string[] given = [.. new[] { nameof(options.Upstream), nameof(options.Passthrough), nameof(options.Reject) }.Where(options.Has)];
        if (given.Length != 1)
        {
            var what = given.Length == 0 ? "has no target" : "has more than one target";
            problems.Error(options.Start, $"{path} {what}. Write one of upstream: NAME, passthrough: NAME and reject: ALERT.");
            return null;
        }
        if (options.Reject is not null)
        {
            return new RouteTarget.Reject((byte)Enumerable.Range(0, 256).First(alert => TlsAlert.NameOf(alert) == options.Reject));
        }
        if (options.Passthrough is not null)
        {
            if (
                FindUpstream($"{path}.passthrough", options, nameof(options.Passthrough), options.Passthrough, upstreams) is not { } through
            )
            {
                return null;
            }
            if (through.Tls is null)
            {
                return new RouteTarget.Passthrough(through);
            }
            problems.Error(
                options.At(nameof(options.Passthrough)),
                $"{path}.passthrough {through.Name} has tls: the client's TLS would be wrapped in another. Remove tls there, or write upstream: {through.Name}."
            );
            return null;
        }
        return FindUpstream($"{path}.upstream", options, nameof(options.Upstream), options.Upstream, upstreams) is { } to
            ? new RouteTarget.Relay(to)
            : null;
    }

    private bool TryReadNames(string path, RouteOptions options, out NamePatterns? names)
    {
        names = null;
        if (options.Sni.Count == 0 || NamePatterns.TryParse(options.Sni, out names, out var wrong, out var problem))
        {
            return true;
        }
        problems.Error(options.At(nameof(options.Sni), wrong), $"{path}.sni[{wrong}] is '{options.Sni[wrong]}', {problem}.");
        return false;
    }

    private bool TryReadPorts(string path, RouteOptions options, ListenerOptions listener, out HashSet<int>? ports)
    {
        ports = null;
        HashSet<int> read = [];
        for (var index = 0; index < options.Port.Count; index++)
        {
            if (
                !int.TryParse(options.Port[index], NumberStyles.None, CultureInfo.InvariantCulture, out var port)
                || port is 0 or > IPEndPoint.MaxPort
            )
            {
                problems.Error(
                    options.At(nameof(options.Port), index),
                    $"{path}.port[{index}] is '{options.Port[index]}', which is no port. Write a number from 1 to {IPEndPoint.MaxPort}."
                );
                return false;
            }
            read.Add(port);
        }
        if (read.Count == 0)
        {
            return true;
        }
        ports = read;
        if (
            listener.Bind is not null
            && AddressText.TryParseBind(listener.Bind, out var bind, out _)
            && bind.Port != 0
            && !read.Contains(bind.Port)
        )
        {
            problems.Warning(
                options.At(nameof(options.Port)),
                $"{path}.port does not have the listener's port, {bind.Port}: no connection takes this route."
            );
        }
        return true;
    }

    private bool TryReadJa4(string path, RouteOptions options)
    {
        // FoxIO's form: 10 characters, and twice 12 digits of a digest.
        for (var index = 0; index < options.Ja4.Count; index++)
        {
            var parts = options.Ja4[index].Split('_');
            if (parts.Length != 3 || parts[0].Length != 10 || !IsDigest(parts[1]) || !IsDigest(parts[2]))
            {
                problems.Error(
                    options.At(nameof(options.Ja4), index),
                    $"{path}.ja4[{index}] is '{options.Ja4[index]}', which is no JA4 fingerprint. Write one whole, such as t13d1516h2_8daaf6152771_02713d6af862, as /connections shows it."
                );
                return false;
            }
        }
        return true;

        static bool IsDigest(string part) => part.Length == 12 && part.All(char.IsAsciiHexDigitLower);
    }

    private bool TryReadClients(string path, RouteOptions options, ListenerOptions listener, out List<ClientMatch>? clients)
    {
        clients = null;
        if (options.Client.Count == 0)
        {
            return true;
        }
        if (listener.Tls?.ClientCertificates is not { Mode: not "none" })
        {
            problems.Error(
                options.At(nameof(options.Client)),
                $"{path}.client asks for a certificate that no client of this listener is asked for. Set tls.clientCertificates with mode optional or required."
            );
            return false;
        }
        if (options.Passthrough is not null)
        {
            problems.Error(
                options.At(nameof(options.Client)),
                $"{path} passes TLS through, so the client's certificate is never seen here. Remove client, or terminate with upstream."
            );
            return false;
        }
        clients = ClientMatchReader.Read($"{path}.client", options.Client, problems);
        return clients is not null;
    }

    private void CheckOrder(string path, RouteOptions options, RouteSettings route, List<RouteSettings> before)
    {
        if (before.Find(static earlier => earlier.TakesAll) is { } all)
        {
            problems.Warning(options.Start, $"{path} {route.Name} is never reached: {all.Name} above it takes all. Move it up.");
        }
        if (route.Target is RouteTarget.Passthrough && before.Find(static earlier => earlier.Client is not null) is { } client)
        {
            problems.Error(
                options.Start,
                $"{path} {route.Name} passes TLS through and stands below {client.Name}, for which TLS is terminated to see a certificate. Move it above."
            );
        }
    }
}
