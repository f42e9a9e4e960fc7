using TlsGateway.Gateway.Configuration;
using TlsGateway.Gateway.Configuration.Checking;
using TlsGateway.Gateway.Hosting;

namespace TlsGateway.Gateway.Commands;

/// <summary><c>gateway run</c>: loads the configuration and runs until it is told to stop.</summary>
internal sealed class RunCommand(ConfigurationWorld world, TextWriter output, TextWriter error)
{
    public async Task<int> InvokeAsync(string file, CancellationToken cancellation)
    {
        if (!OperatingSystem.IsLinux())
        {
            await error
                .WriteLineAsync(
                    "The gateway runs on Linux (x64, arm64). On this system run its container image: docker run -p 8443:8443 tls-gateway"
                )
                .ConfigureAwait(false);
            return ExitCode.RuntimeFailure;
        }
        var result = await ConfigurationLoader.LoadAsync(file, world, cancellation).ConfigureAwait(false);
        foreach (var problem in result.Problems)
        {
            await error.WriteLineAsync(problem.ToString()).ConfigureAwait(false);
        }
        if (result.Configuration is not { } configuration)
        {
            await error.WriteLineAsync("Not started: the configuration has errors.").ConfigureAwait(false);
            return ExitCode.ConfigurationError;
        }
        try
        {
            await GatewayProcess.RunAsync(configuration, file, world, output, cancellation).ConfigureAwait(false);
            return ExitCode.Success;
        }
        catch (GatewayStartException failed)
        {
            await error.WriteLineAsync(failed.Message).ConfigureAwait(false);
            return failed.IsConfigurationError ? ExitCode.ConfigurationError : ExitCode.RuntimeFailure;
        }
    }
}
