using System.CommandLine;
using TlsGateway.Kubernetes.Manifests;

namespace TlsGateway.Gateway.Commands.Manifests;

/// <summary><c>gateway check --kubernetes</c>: says what is wrong in rendered manifests.</summary>
internal sealed class CheckManifestsCommand(TextWriter output, TextWriter error)
{
    /// <summary>Standard input.</summary>
    private const string Input = "-";

    private readonly Option<string[]> _files = new("--kubernetes")
    {
        Description = "Files of manifests that are applied together, as kubectl kustomize prints them; - is standard input.",
        HelpName = "FILE",
        Arity = ArgumentArity.OneOrMore,
        AllowMultipleArgumentsPerToken = true,
    };

    private readonly Option<string[]> _external = new("--external")
    {
        Description = "With --kubernetes: objects that are made elsewhere, such as Secret/tls-gateway-read-token.",
        HelpName = "KIND/NAME",
        Arity = ArgumentArity.OneOrMore,
        AllowMultipleArgumentsPerToken = true,
    };

    public void AddTo(Command command)
    {
        command.Add(_files);
        command.Add(_external);
    }

    public bool IsAsked(ParseResult parsed) => parsed.GetValue(_files) is { Length: > 0 };

    public async Task<int> InvokeAsync(ParseResult parsed, CancellationToken cancellation)
    {
        List<ManifestFile> files = [];
        foreach (var name in parsed.GetValue(_files)!)
        {
            try
            {
                files.Add(new ManifestFile(name == Input ? "stdin" : name, await ReadAsync(name, cancellation).ConfigureAwait(false)));
            }
            catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
            {
                await error.WriteLineAsync($"{name}: cannot be read: {unreadable.Message}").ConfigureAwait(false);
                return ExitCode.ConfigurationError;
            }
        }
        ManifestOptions options = new() { External = parsed.GetValue(_external) ?? [], ReadGateway = EmbeddedConfiguration.Read };
        var problems = ManifestChecker.Check(files, options);
        foreach (var problem in problems)
        {
            await error.WriteLineAsync(problem.ToString()).ConfigureAwait(false);
        }
        if (problems.Count > 0)
        {
            return ExitCode.ConfigurationError;
        }
        await output.WriteLineAsync($"{string.Join(", ", files.Select(static file => file.Name))}: ok").ConfigureAwait(false);
        return ExitCode.Success;
    }

    private static Task<string> ReadAsync(string name, CancellationToken cancellation) =>
        name == Input ? Console.In.ReadToEndAsync(cancellation) : File.ReadAllTextAsync(name, cancellation);
}
