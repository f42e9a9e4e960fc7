using System.CommandLine;
using TlsGateway.Gateway.Admin;
using TlsGateway.Gateway.Commands.Tools;
using TlsGateway.Gateway.Commands.Top;
using TlsGateway.Pki;

namespace TlsGateway.Gateway.Commands.Health;

/// <summary><c>gateway health</c>: asks a running gateway how it is, for containers without another program to ask with.</summary>
internal sealed class HealthCommand(TextWriter output, TextWriter error)
{
    private const string Description = """
        Asks a running gateway whether new connections are welcome, or with --live whether it lives. For health checks in images that have no shell.

        Examples:
          gateway health
          gateway health --live

        Exit codes: 0 yes; 1 no, or no answer in five seconds; 2 wrong command line.
        """;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly Option<string> _admin = new("--admin")
    {
        Description = "The gateway's admin endpoint.",
        HelpName = "URL",
        DefaultValueFactory = static _ => "http://127.0.0.1:9901",
    };

    private readonly Option<string?> _authority = new("--ca")
    {
        Description = "PEM file with the authorities that an https endpoint's certificate may come from; the system's if left out.",
        HelpName = "FILE",
    };

    private readonly Option<bool> _live = new("--live") { Description = "Whether it lives, also while it starts and drains." };

    public Command Create()
    {
        Command command = new("health", Description) { _admin, _authority, _live };
        command.SetAction(
            (parsed, cancellation) => ToolCommand.RunAsync(error, () => Read(parsed), request => RunAsync(request, cancellation))
        );
        return command;
    }

    private Request Read(ParseResult parsed)
    {
        if (!Uri.TryCreate(parsed.GetValue(_admin), UriKind.Absolute, out var admin) || admin.Scheme is not ("http" or "https"))
        {
            throw new PkiException($"--admin is '{parsed.GetValue(_admin)}', which is no URL such as http://127.0.0.1:9901.");
        }
        var paths = parsed.GetValue(_live) ? AdminServer.LivePaths : AdminServer.ReadyPaths;
        return new Request(new Uri(admin, paths[0]), parsed.GetValue(_authority));
    }

    private async Task<int> RunAsync(Request request, CancellationToken cancellation)
    {
        using SocketsHttpHandler handler = new()
        {
            UseProxy = false,
            SslOptions = TopTls.Create(request.Authority, certificate: null, key: null),
        };
        using HttpClient client = new(handler) { Timeout = Patience, MaxResponseContentBufferSize = 4096 };
        try
        {
            using var answer = await client.GetAsync(request.Url, cancellation).ConfigureAwait(false);
            var text = (await answer.Content.ReadAsStringAsync(cancellation).ConfigureAwait(false)).Trim();
            await output.WriteLineAsync(text).ConfigureAwait(false);
            return answer.IsSuccessStatusCode ? ExitCode.Success : ExitCode.RuntimeFailure;
        }
        catch (HttpRequestException refused)
        {
            await error.WriteLineAsync($"{request.Url}: {refused.Message}").ConfigureAwait(false);
        }
        catch (TaskCanceledException) when (!cancellation.IsCancellationRequested)
        {
            await error.WriteLineAsync($"{request.Url}: no answer in {Patience.TotalSeconds} s").ConfigureAwait(false);
        }
        return ExitCode.RuntimeFailure;
    }

    private sealed record Request(Uri Url, string? Authority);
}
