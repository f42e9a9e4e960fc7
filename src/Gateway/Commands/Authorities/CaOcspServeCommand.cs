using System.CommandLine;
using System.Net;
using System.Runtime.InteropServices;
using TlsGateway.Gateway.Commands.Tools;
using TlsGateway.Gateway.Configuration.Checking;
using TlsGateway.Pki;
using TlsGateway.Pki.Revocation;

namespace TlsGateway.Gateway.Commands.Authorities;

/// <summary><c>gateway ca ocsp-serve</c>: answers OCSP requests until it is told to stop.</summary>
internal static class CaOcspServeCommand
{
    private const string Description = """
        Answers OCSP requests (RFC 6960, GET and POST) from the authority's index until SIGTERM or SIGINT. A revocation shows at once. It signs with a
        certificate of its own, which the first start issues (issued/ocsp-responder.pem): later starts do not need the authority's key.

        Examples:
          gateway ca ocsp-serve --folder lab --listen 127.0.0.1:8889
          openssl ocsp -issuer lab/ca.pem -cert lab/issued/localhost.pem -CAfile lab/ca.pem -url http://127.0.0.1:8889/
        """;

    private const int MaxValidMinutes = 7 * 24 * 60;

    public static Command Create(ConfigurationWorld world, TextWriter output, TextWriter error)
    {
        var folder = CaOptions.Folder();
        var listen = CaOptions.WithDefault("--listen", "ADDRESS:PORT", "Where to listen; port 0 takes a free one.", "127.0.0.1:8889");
        Option<int> minutes = new("--valid-minutes") { Description = "How long an answer is valid.", DefaultValueFactory = _ => 60 };
        PassphraseOptions passphrase = new(world, "", "the authority's and the responder's key");
        Command command = new("ocsp-serve", Description) { folder, listen, minutes };
        passphrase.AddTo(command);
        command.SetAction(
            (parsed, cancellation) =>
                ToolCommand.RunAsync(
                    error,
                    () =>
                        (
                            Folder: parsed.GetFolder(folder),
                            Bind: ParseBind(parsed.GetRequiredValue(listen)),
                            Validity: ParseValidity(parsed.GetValue(minutes)),
                            Passphrase: passphrase.Read(parsed)
                        ),
                    async wanted =>
                    {
                        var signer = OcspSigner.LoadOrIssue(wanted.Folder, wanted.Passphrase, world.Time);
                        OcspResponder responder = new(wanted.Folder, signer, wanted.Validity, world.Time);
                        await ServeAsync(responder, wanted.Bind, wanted.Folder.Path, output, cancellation).ConfigureAwait(false);
                        return ExitCode.Success;
                    }
                )
        );
        return command;
    }

    private static async Task ServeAsync(
        OcspResponder responder,
        IPEndPoint bind,
        string folder,
        TextWriter output,
        CancellationToken cancellation
    )
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        void Stop(PosixSignalContext signal)
        {
            signal.Cancel = true;
            stop.Cancel();
        }
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        await using var server = await OcspServer.StartAsync(responder, bind, stop.Token).ConfigureAwait(false);
        await output.WriteLineAsync($"OCSP for {folder} on http://{server.EndPoint}/").ConfigureAwait(false);
        await output.FlushAsync(stop.Token).ConfigureAwait(false);
        TaskCompletionSource stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = stop.Token.Register(() => stopped.TrySetResult()).ConfigureAwait(false);
        await stopped.Task.ConfigureAwait(false);
    }

    private static IPEndPoint ParseBind(string text) =>
        text.Contains(':', StringComparison.Ordinal) && IPEndPoint.TryParse(text, out var bind)
            ? bind
            : throw new PkiException($"--listen is '{text}', which is no address with a port. Write it like 127.0.0.1:8889 or [::1]:8889.");

    private static TimeSpan ParseValidity(int minutes) =>
        minutes is > 0 and <= MaxValidMinutes
            ? TimeSpan.FromMinutes(minutes)
            : throw new PkiException($"--valid-minutes is {minutes}; give 1 to {MaxValidMinutes} (7 days).");
}
