using System.CommandLine;
using System.Net.Security;
using System.Text.Json;
using Spectre.Console;
using TlsGateway.Gateway.Commands.Tools;
using TlsGateway.Gateway.Configuration.Reading;
using TlsGateway.Pki;

namespace TlsGateway.Gateway.Commands.Top;

/// <summary><c>gateway top</c>: a running gateway in a terminal, or once for a script.</summary>
internal sealed class TopCommand(TextWriter output, TextWriter error)
{
    private const string Description = """
        Shows a running gateway: who connects, who is waited for, and the connections that wait longest.

        Examples:
          gateway top
          gateway top --admin http://10.1.2.3:9901 --token-file read-token --sort bytes
          gateway top --once --json | jq .waiting
          gateway top --fleet

        Keys: s changes the order, q ends.
        """;

    private static readonly string[] Sorts = ["stall", "stalled", "bytes", "age"];
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    private readonly Option<string> _admin = new("--admin")
    {
        Description = "The gateway's admin endpoint.",
        HelpName = "URL",
        DefaultValueFactory = static _ => "http://127.0.0.1:9901",
    };

    private readonly Option<string?> _token = new("--token-file")
    {
        Description = "File whose first line is a bearer token, where the endpoint wants one.",
        HelpName = "FILE",
    };

    private readonly Option<string?> _authority = new("--ca")
    {
        Description = "PEM file with the authorities that an https endpoint's certificate may come from; the system's if left out.",
        HelpName = "FILE",
    };

    private readonly Option<string?> _certificate = new("--certificate")
    {
        Description = "PEM file with a certificate to show, and its key unless --key has it.",
        HelpName = "FILE",
    };

    private readonly Option<string?> _key = new("--key") { Description = "PEM file with the certificate's key.", HelpName = "FILE" };

    private readonly Option<string> _sort = new("--sort")
    {
        Description = "What the first connections have most of: stall (running now), stalled (in all), bytes or age.",
        HelpName = "WHAT",
        DefaultValueFactory = static _ => "stall",
    };

    private readonly Option<int> _limit = new("--limit")
    {
        Description = "Connections, 1 to 50.",
        HelpName = "N",
        DefaultValueFactory = static _ => 20,
    };

    private readonly Option<double> _interval = new("--interval")
    {
        Description = "Seconds between two looks.",
        HelpName = "SECONDS",
        DefaultValueFactory = static _ => 1,
    };

    private readonly Option<bool> _once = new("--once") { Description = "Two looks for the rates, and the end." };

    private readonly Option<bool> _json = new("--json") { Description = "With --once: JSON instead of a screen." };

    private readonly Option<bool> _fleet = new("--fleet") { Description = "Every member of its fleet, in the place of its connections." };

    public Command Create()
    {
        Command command = new("top", Description)
        {
            _admin,
            _token,
            _authority,
            _certificate,
            _key,
            _sort,
            _limit,
            _interval,
            _once,
            _json,
            _fleet,
        };
        command.SetAction(
            (parsed, cancellation) => ToolCommand.RunAsync(error, () => Read(parsed), request => RunAsync(request, cancellation))
        );
        return command;
    }

    private Request Read(ParseResult parsed)
    {
        var sort = parsed.GetValue(_sort)!;
        if (!Sorts.Contains(sort))
        {
            var hint = NearestName.Find(sort, Sorts) is { } nearest ? $" Did you mean {nearest}?" : "";
            throw new PkiException($"--sort is '{sort}', which is none of {string.Join(", ", Sorts)}.{hint}");
        }
        if (!Uri.TryCreate(parsed.GetValue(_admin), UriKind.Absolute, out var admin) || admin.Scheme is not ("http" or "https"))
        {
            throw new PkiException($"--admin is '{parsed.GetValue(_admin)}', which is no URL such as http://127.0.0.1:9901.");
        }
        if (parsed.GetValue(_limit) is < 1 or > 50)
        {
            throw new PkiException("--limit is not from 1 to 50.");
        }
        if (parsed.GetValue(_interval) is not (>= 0.1 and <= 3600))
        {
            throw new PkiException("--interval is not from 0.1 to 3600 seconds.");
        }
        if (parsed.GetValue(_json) && !parsed.GetValue(_once))
        {
            throw new PkiException("--json is for --once.");
        }
        var token = parsed.GetValue(_token) is { } file ? File.ReadLines(file).FirstOrDefault()?.Trim() : null;
        return new Request(
            admin,
            token,
            TopTls.Create(parsed.GetValue(_authority), parsed.GetValue(_certificate), parsed.GetValue(_key)),
            sort,
            parsed.GetValue(_limit),
            TimeSpan.FromSeconds(parsed.GetValue(_interval)),
            parsed.GetValue(_once),
            parsed.GetValue(_json),
            parsed.GetValue(_fleet)
        );
    }

    private async Task<int> RunAsync(Request request, CancellationToken cancellation)
    {
        using TopClient client = new(request.Admin, request.Token, request.Tls);
        if (request.Fleet)
        {
            return await ShowFleetAsync(client, request, cancellation).ConfigureAwait(false);
        }
        var first = await client.SampleAsync(request.Sort, request.Limit, before: null, cancellation).ConfigureAwait(false);
        if (!request.Once)
        {
            return await WatchAsync(client, request, first, cancellation).ConfigureAwait(false);
        }
        await Task.Delay(request.Interval, cancellation).ConfigureAwait(false);
        var sample = await client.SampleAsync(request.Sort, request.Limit, first, cancellation).ConfigureAwait(false);
        if (request.Json)
        {
            await output.WriteLineAsync(JsonSerializer.Serialize(sample.ToJson(), Json)).ConfigureAwait(false);
        }
        else
        {
            ConsoleOf(output).Write(TopScreen.Of(sample, request.Admin, request.Sort));
        }
        return ExitCode.Success;
    }

    private async Task<int> ShowFleetAsync(TopClient client, Request request, CancellationToken cancellation)
    {
        var fleet = await client.FleetAsync(cancellation).ConfigureAwait(false);
        if (request.Json)
        {
            await output.WriteLineAsync(JsonSerializer.Serialize(fleet, Json)).ConfigureAwait(false);
        }
        else if (request.Once)
        {
            ConsoleOf(output).Write(FleetScreen.Of(fleet, request.Admin));
        }
        else
        {
            await ConsoleOf(output)
                .Live(FleetScreen.Of(fleet, request.Admin))
                .StartAsync(async screen =>
                {
                    while (await KeyWithinAsync(request.Interval, cancellation).ConfigureAwait(false) is not ('q' or 'Q'))
                    {
                        screen.UpdateTarget(FleetScreen.Of(await client.FleetAsync(cancellation).ConfigureAwait(false), request.Admin));
                    }
                })
                .ConfigureAwait(false);
        }
        return ExitCode.Success;
    }

    private async Task<int> WatchAsync(TopClient client, Request request, TopSample first, CancellationToken cancellation)
    {
        var sort = request.Sort;
        var sample = first;
        var console = ConsoleOf(output);
        await console
            .Live(TopScreen.Of(sample, request.Admin, sort))
            .StartAsync(async screen =>
            {
                while (!cancellation.IsCancellationRequested)
                {
                    var key = await KeyWithinAsync(request.Interval, cancellation).ConfigureAwait(false);
                    if (key is 'q' or 'Q')
                    {
                        return;
                    }
                    if (key is 's' or 'S')
                    {
                        sort = Sorts[(Array.IndexOf(Sorts, sort) + 1) % Sorts.Length];
                    }
                    sample = await client
                        .SampleAsync(sort, request.Limit, sample with { Before = null }, cancellation)
                        .ConfigureAwait(false);
                    screen.UpdateTarget(TopScreen.Of(sample, request.Admin, sort));
                }
            })
            .ConfigureAwait(false);
        return ExitCode.Success;
    }

    /// <summary>A key that was pressed; the wait's end is null.</summary>
    private static async Task<char?> KeyWithinAsync(TimeSpan interval, CancellationToken cancellation)
    {
        var look = TimeSpan.FromMilliseconds(100);
        for (var left = interval; left > TimeSpan.Zero; left -= look)
        {
            if (!Console.IsInputRedirected && Console.KeyAvailable)
            {
                return Console.ReadKey(intercept: true).KeyChar;
            }
            await Task.Delay(left < look ? left : look, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (cancellation.IsCancellationRequested)
            {
                return 'q';
            }
        }
        return null;
    }

    /// <summary>A file or a pipe has no width: there nothing is cut.</summary>
    private static IAnsiConsole ConsoleOf(TextWriter output)
    {
        const int WidthOfFile = 200;
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(output) });
        if (Console.IsOutputRedirected)
        {
            console.Profile.Width = WidthOfFile;
        }
        return console;
    }

    private sealed record Request(
        Uri Admin,
        string? Token,
        SslClientAuthenticationOptions Tls,
        string Sort,
        int Limit,
        TimeSpan Interval,
        bool Once,
        bool Json,
        bool Fleet
    );
}
