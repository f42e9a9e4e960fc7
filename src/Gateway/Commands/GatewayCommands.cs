using System.CommandLine;
using TlsGateway.Gateway.Commands.Authorities;
using TlsGateway.Gateway.Commands.Health;
using TlsGateway.Gateway.Commands.Inspection;
using TlsGateway.Gateway.Commands.Manifests;
using TlsGateway.Gateway.Commands.Sealing;
using TlsGateway.Gateway.Commands.Top;
using TlsGateway.Gateway.Configuration.Checking;
using TlsGateway.Gateway.Configuration.Schema;

namespace TlsGateway.Gateway.Commands;

/// <summary>The command line. Without a command it is <c>gateway run</c>.</summary>
internal static class GatewayCommands
{
    private const string Description = """
        TLS gateway: terminates TLS and relays the plaintext to your backends.

        Examples:
          gateway                                   run with ./config/gateway.yaml
          gateway run --config /etc/gateway.yaml    run with this file
          gateway check --config new.yaml           check a file, all errors at once
          gateway route --sni api.example.com       which route a connection would take, and why
          gateway schema > gateway.schema.json      schema for editors
          gateway version                           versions, for bug reports
          gateway ca init --folder lab              a certificate authority of your own; gateway ca --help has more
          gateway client localhost:8443             talk TLS to a server by hand
          gateway top                               watch a running gateway
          gateway health                            whether it is ready, for health checks

        Signals to a running gateway:
          SIGHUP           read the configuration again; a bad file is refused and the old one goes on
          SIGTERM, SIGINT  drain and stop; once more: stop at once (exit code 143)

        Exit codes: 0 done; 1 runtime failure, such as a port that is taken; 2 wrong configuration.
        """;

    private const string RunDescription = """
        Runs the gateway in the foreground until SIGTERM or SIGINT.

        Examples:
          gateway run
          gateway run --config /etc/gateway.yaml
          GATEWAY_CONFIG=/etc/gateway.yaml gateway run
        """;

    private const string CheckDescription = """
        Checks a configuration file and everything it names: keys, ranges, certificates and their keys, host names of upstreams. Opens no
        port and writes no file. All errors come at once, each with its place: file:line:column.

        Examples:
          gateway check
          gateway check --config new.yaml && kill -HUP $(pidof gateway)

        With --kubernetes it checks rendered manifests instead, and the configuration in their ConfigMap: fields, selectors, ports, probes, references,
        policies, and a grace period that holds the drain. It asks no cluster.

          kubectl kustomize deploy/k8s/overlays/production | gateway check --kubernetes -
        """;

    private const string SchemaDescription = """
        Prints the JSON schema of the configuration file, for editors and CI.

        Example:
          gateway schema > config/gateway.schema.json
        The first line of the YAML file then names it:
          # yaml-language-server: $schema=gateway.schema.json
        """;

    /// <summary>Parses and runs a command line.</summary>
    /// <returns>An <see cref="ExitCode"/>.</returns>
    public static Task<int> InvokeAsync(string[] args, TextWriter output, TextWriter error, CancellationToken cancellation = default) =>
        InvokeAsync(args, output, error, ConfigurationWorld.System, cancellation);

    /// <summary>As <see cref="InvokeAsync(string[], TextWriter, TextWriter, CancellationToken)"/>, with what is asked of the machine answered by the caller.</summary>
    internal static async Task<int> InvokeAsync(
        string[] args,
        TextWriter output,
        TextWriter error,
        ConfigurationWorld world,
        CancellationToken cancellation
    )
    {
        InvocationConfiguration invocation = new()
        {
            Output = output,
            Error = error,
            // Signals are handled by the run command: it drains, which takes longer than a command line library would wait.
            ProcessTerminationTimeout = null,
            EnableDefaultExceptionHandler = false,
        };
        var parsed = Create(world, output, error).Parse(args);
        var code = await parsed.InvokeAsync(invocation, cancellation).ConfigureAwait(false);
        return parsed.Errors.Count > 0 ? ExitCode.ConfigurationError : code;
    }

    private static RootCommand Create(ConfigurationWorld world, TextWriter output, TextWriter error)
    {
        Option<string?> config = new("--config", "-c")
        {
            Description =
                "Configuration file. Else GATEWAY_CONFIG from the environment, else ./config/gateway.yaml, else the one beside the program.",
            HelpName = "FILE",
            Recursive = true,
        };
        config.CompletionSources.Add(static _ => []);
        RunCommand run = new(world, output, error);
        CheckCommand check = new(world, output, error);
        RootCommand root = new(Description) { config };
        root.SetAction((parsed, cancellation) => run.InvokeAsync(ConfigurationFile.Find(parsed.GetValue(config), world), cancellation));

        Command runCommand = new("run", RunDescription);
        runCommand.SetAction(
            (parsed, cancellation) => run.InvokeAsync(ConfigurationFile.Find(parsed.GetValue(config), world), cancellation)
        );
        Command checkCommand = new("check", CheckDescription);
        CheckManifestsCommand checkManifests = new(output, error);
        checkManifests.AddTo(checkCommand);
        checkCommand.SetAction(
            (parsed, cancellation) =>
                checkManifests.IsAsked(parsed)
                    ? checkManifests.InvokeAsync(parsed, cancellation)
                    : check.InvokeAsync(ConfigurationFile.Find(parsed.GetValue(config), world), cancellation)
        );
        Command schemaCommand = new("schema", SchemaDescription);
        schemaCommand.SetAction(_ => output.Write(ConfigurationSchema.Generate()));

        root.Add(runCommand);
        root.Add(checkCommand);
        root.Add(schemaCommand);
        root.Add(RouteCommand.Create(config, world, output, error));
        root.Add(VersionCommand.Create(output, error));
        root.Add(CaCommand.Create(world, output, error));
        root.Add(InspectCommand.Create(world, output, error));
        root.Add(SealCommand.Create(world, error));
        root.Add(UnsealCommand.Create(world, error));
        root.Add(new ClientCommand(error).Create());
        root.Add(new TopCommand(output, error).Create());
        root.Add(new HealthCommand(output, error).Create());
        return root;
    }
}
