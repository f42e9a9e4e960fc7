using TlsGateway.Gateway.Configuration;
using TlsGateway.Gateway.Configuration.Checking;

namespace TlsGateway.Gateway.Commands;

/// <summary><c>gateway check</c>: loads a file as run would and says what is wrong.</summary>
internal sealed class CheckCommand(ConfigurationWorld world, TextWriter output, TextWriter error)
{
    public async Task<int> InvokeAsync(string file, CancellationToken cancellation)
    {
        var result = await ConfigurationLoader.LoadAsync(file, world, cancellation).ConfigureAwait(false);
        foreach (var problem in result.Problems)
        {
            await error.WriteLineAsync(problem.ToString()).ConfigureAwait(false);
        }
        if (result.Configuration is not { } configuration)
        {
            return ExitCode.ConfigurationError;
        }
        var listeners = Count(configuration.Listeners.Count, "listener");
        await output.WriteLineAsync($"{file}: ok, {listeners}, {Count(configuration.UpstreamCount, "upstream")}").ConfigureAwait(false);
        return ExitCode.Success;
    }

    private static string Count(int count, string noun) => $"{count} {noun}{(count == 1 ? "" : "s")}";
}
