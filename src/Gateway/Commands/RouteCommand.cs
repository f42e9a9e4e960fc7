using System.CommandLine;
using System.Net;
using TlsGateway.Actors.Routing;
using TlsGateway.Actors.Settings;
using TlsGateway.Gateway.Configuration;
using TlsGateway.Gateway.Configuration.Checking;
using TlsGateway.Gateway.Configuration.Reading;
using TlsGateway.Gateway.Configuration.Values;
using TlsGateway.Tls;
using TlsGateway.Tls.ClientCertificates;
using TlsGateway.Transport;

namespace TlsGateway.Gateway.Commands;

/// <summary><c>gateway route</c>: says which route of a configuration a ClientHello would take, and what keeps it from those above.</summary>
internal sealed class RouteCommand(ConfigurationWorld world, TextWriter output, TextWriter error)
{
    private const string Description = """
        Prints which route of the configuration a connection would take, and why not those above it. Opens no port.

        Examples:
          gateway route --sni api.example.com --from 10.1.2.3
          gateway route --listener edge --alpn h2 --alpn http/1.1
          gateway route --sni internal.example.com --client commonName=alice
        """;

    private readonly Option<string?> _listener = new("--listener")
    {
        Description = "Listener. May be left out when there is only one.",
        HelpName = "NAME",
    };

    private readonly Option<string> _sni = new("--sni")
    {
        Description = "Server name that the client asks for. Left out: none.",
        HelpName = "NAME",
        DefaultValueFactory = static _ => "",
    };

    private readonly Option<string[]> _alpn = new("--alpn")
    {
        Description = "Protocol that the client offers; may be given several times.",
        HelpName = "PROTOCOL",
    };

    private readonly Option<string> _from = new("--from")
    {
        Description = "The client's address.",
        HelpName = "ADDRESS",
        DefaultValueFactory = static _ => "127.0.0.1",
    };

    private readonly Option<string> _ja4 = new("--ja4")
    {
        Description = "JA4 fingerprint of the ClientHello.",
        HelpName = "FINGERPRINT",
        DefaultValueFactory = static _ => "",
    };

    private readonly Option<int?> _port = new("--port")
    {
        Description = "Local port that the connection comes to. Left out: the listener's.",
        HelpName = "PORT",
    };

    private readonly Option<string[]> _client = new("--client")
    {
        Description =
            "What the client's certificate says: commonName=, organizationalUnit=, dnsName= or uri=; several are of one certificate. Left out: the client shows none.",
        HelpName = "FIELD=VALUE",
    };

    public static Command Create(Option<string?> config, ConfigurationWorld world, TextWriter output, TextWriter error)
    {
        RouteCommand route = new(world, output, error);
        Command command = new("route", Description)
        {
            route._listener,
            route._sni,
            route._alpn,
            route._from,
            route._ja4,
            route._port,
            route._client,
        };
        command.SetAction(
            (parsed, cancellation) => route.InvokeAsync(ConfigurationFile.Find(parsed.GetValue(config), world), parsed, cancellation)
        );
        return command;
    }

    private async Task<int> InvokeAsync(string file, ParseResult parsed, CancellationToken cancellation)
    {
        var result = await ConfigurationLoader.LoadAsync(file, world, cancellation).ConfigureAwait(false);
        if (result.Configuration is not { } configuration)
        {
            foreach (var problem in result.Problems)
            {
                await error.WriteLineAsync(problem.ToString()).ConfigureAwait(false);
            }
            return ExitCode.ConfigurationError;
        }
        if (
            Find(configuration, parsed.GetValue(_listener)) is not { } listener
            || Read(parsed, listener) is not { } request
            || ReadCertificate(parsed.GetValue(_client) ?? []) is not { } certificate
        )
        {
            return ExitCode.ConfigurationError;
        }
        Explain(new RouteTable(listener.Routes, listener.Upstream), request, certificate.Peer);
        return ExitCode.Success;
    }

    private void Explain(RouteTable table, RouteRequest request, TlsPeerCertificate? certificate)
    {
        var known = request with { AfterHandshake = true, Certificate = certificate };
        foreach (var route in table.Routes)
        {
            var why = RouteTable.WhyNot(route, known);
            if (why == RouteMismatch.None)
            {
                output.WriteLine($"{route.Name}: {Describe(route.Target)}{Conditions(route)}");
                return;
            }
            output.WriteLine($"{route.Name}: no, {Describe(why, route, request, certificate)}");
        }
    }

    private static string Describe(RouteTarget target) =>
        target switch
        {
            RouteTarget.Relay relay => $"terminates TLS and relays to {relay.To.Name}",
            RouteTarget.Passthrough passthrough => $"passes TLS through to {passthrough.To.Name}",
            RouteTarget.Reject reject => $"rejects with {TlsAlert.Text(reject.Alert)}",
            _ => throw new InvalidOperationException("no such target"),
        };

    private static string Conditions(RouteSettings route)
    {
        if (route.TakesAll)
        {
            return ", takes all that is left";
        }
        List<string> fit = [];
        Add(route.Ports, "port");
        Add(route.From, "address");
        Add(route.Names, "server name");
        Add(route.ApplicationProtocols, "ALPN");
        Add(route.Ja4, "JA4");
        Add(route.Client, "client certificate");
        return $", fits by {string.Join(", ", fit)}";

        void Add(object? condition, string name)
        {
            if (condition is not null)
            {
                fit.Add(name);
            }
        }
    }

    private static string Describe(RouteMismatch why, RouteSettings route, in RouteRequest request, TlsPeerCertificate? certificate) =>
        why switch
        {
            RouteMismatch.Port => $"port {request.LocalPort} is not {string.Join(" or ", route.Ports!.Order())}",
            RouteMismatch.From => $"the client's address {request.Client.ToIPEndPoint().Address} is in none of its networks",
            RouteMismatch.Name when request.ServerName.Length == 0 => "the client asks for no server name",
            RouteMismatch.Name => $"server name {request.ServerName} is none of {string.Join(", ", route.Names!.Texts)}",
            RouteMismatch.ApplicationProtocol when request.ApplicationProtocols.Count == 0 => "the client offers no ALPN",
            RouteMismatch.ApplicationProtocol =>
                $"the client offers {string.Join(", ", request.ApplicationProtocols)}, not {string.Join(" or ", route.ApplicationProtocols!.Order(StringComparer.Ordinal))}",
            RouteMismatch.Ja4 => "its JA4 is another",
            RouteMismatch.Client when certificate is null => "the client shows no certificate",
            RouteMismatch.Client => "the client's certificate fits none of its entries",
            _ => throw new InvalidOperationException("it fits"),
        };

    private ListenerSettings? Find(GatewayConfiguration configuration, string? name)
    {
        var names = configuration.Listeners.Select(static listener => listener.Name).ToList();
        if (name is null)
        {
            if (names.Count == 1)
            {
                return configuration.Listeners[0];
            }
            error.WriteLine($"There are several listeners: {string.Join(", ", names)}. Choose one with --listener.");
            return null;
        }
        if (configuration.Listeners.FirstOrDefault(listener => listener.Name == name) is { } found)
        {
            return found;
        }
        error.WriteLine($"There is no listener {name}; there are: {string.Join(", ", names)}.{NearestName.Suggest(name, names)}");
        return null;
    }

    private RouteRequest? Read(ParseResult parsed, ListenerSettings listener)
    {
        var from = parsed.GetValue(_from)!;
        if (!IPAddress.TryParse(from, out var address))
        {
            error.WriteLine($"--from is '{from}', which is no address.");
            return null;
        }
        return new RouteRequest(
            parsed.GetValue(_sni)!.TrimEnd('.').ToLowerInvariant(),
            parsed.GetValue(_alpn) ?? [],
            InetEndPoint.From(address, 0),
            parsed.GetValue(_port) ?? listener.Bind.Port,
            parsed.GetValue(_ja4)!
        );
    }

    private (TlsPeerCertificate? Peer, bool IsGood)? ReadCertificate(string[] fields)
    {
        Dictionary<string, List<string>> values = new(StringComparer.Ordinal)
        {
            ["commonName"] = [],
            ["organizationalUnit"] = [],
            ["dnsName"] = [],
            ["uri"] = [],
        };
        foreach (var field in fields)
        {
            var equals = field.IndexOf('=', StringComparison.Ordinal);
            if (equals < 0 || !values.TryGetValue(field[..equals], out var list))
            {
                error.WriteLine($"--client is '{field}'. Write one of {string.Join(", ", values.Keys.Select(static key => key + "=…"))}");
                return null;
            }
            list.Add(field[(equals + 1)..]);
        }
        if (fields.Length == 0)
        {
            return (null, true);
        }
        return (
            new TlsPeerCertificate(
                "",
                "",
                "",
                DateTimeOffset.MinValue,
                DateTimeOffset.MaxValue,
                values["commonName"],
                values["organizationalUnit"],
                values["dnsName"],
                values["uri"],
                Der: default,
                IssuerDer: default
            ),
            true
        );
    }
}
