using TlsGateway.Pki;

namespace TlsGateway.Gateway.Commands.Tools;

/// <summary>Runs a tool: first reads its options, then does its work, and turns what goes wrong in either into one line on stderr and an <see cref="ExitCode"/>.</summary>
internal static class ToolCommand
{
    /// <summary>Reads, then works.</summary>
    /// <param name="error">Gets the message.</param>
    /// <param name="prepare">Reads the options; what it throws is the command line's fault.</param>
    /// <param name="run">Does the work; what it throws is the machine's or a file's.</param>
    public static async Task<int> RunAsync<T>(TextWriter error, Func<T> prepare, Func<T, Task<int>> run)
    {
        var code = ExitCode.ConfigurationError;
        try
        {
            var prepared = prepare();
            code = ExitCode.RuntimeFailure;
            return await run(prepared).ConfigureAwait(false);
        }
        catch (PkiException failed)
        {
            await error.WriteLineAsync(failed.Message).ConfigureAwait(false);
            return code;
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            await error.WriteLineAsync($"{failed.Message} Check the path, its owner and mode, and free space.").ConfigureAwait(false);
            return code;
        }
    }

    /// <inheritdoc cref="RunAsync{T}"/>
    public static Task<int> RunAsync<T>(TextWriter error, Func<T> prepare, Action<T> run) =>
        RunAsync(
            error,
            prepare,
            prepared =>
            {
                run(prepared);
                return Task.FromResult(ExitCode.Success);
            }
        );
}
