using System.CommandLine;
using System.Net;
using System.Net.Sockets;
using TlsGateway.Gateway.Client;
using TlsGateway.Tls;

namespace TlsGateway.Gateway.Commands;

/// <summary><c>gateway client</c>: talks TLS to a server by hand, over the gateway's own session machine.</summary>
internal sealed class ClientCommand(TextWriter error)
{
    private const string Description = """
        Connects to a TLS server and relays standard input and output, over the same session code as the gateway. What was negotiated, and where
        time was lost, goes to standard error. The server's certificate is verified, against the system's authorities unless --ca names others.

        Examples:
          gateway client example.org:443
          printf 'GET / HTTP/1.0\r\n\r\n' | gateway client localhost:8443 --ca state/ca.pem
          gateway client mail.example.org:25 --starttls smtp
          gateway client localhost:8443 --ca state/ca.pem --resume 2 --tls 1.3 < /dev/null

        Commands, a line of one letter, when standard input is a terminal or with --commands:
          R renegotiate (TLS 1.2)          K update keys on both sides (TLS 1.3), k only ours
          T connect again with the session S show state and blocked flags       Q quit

        The end of standard input becomes close_notify; the server may still answer. Exit codes: 0 a clean end; 1 refused or failed; 2 wrong command line.
        """;

    private static readonly string[] SystemAuthorities =
    [
        "/etc/ssl/certs/ca-certificates.crt",
        "/etc/pki/tls/certs/ca-bundle.crt",
        "/etc/ssl/ca-bundle.pem",
        "/etc/ssl/cert.pem",
    ];

    private readonly Argument<string> _target = new("HOST:PORT") { Description = "Where to; IPv6 addresses in brackets." };
    private readonly Option<string?> _serverName = new("--servername")
    {
        Description = "Name for SNI, and the one that the certificate must have. Else the host.",
    };
    private readonly Option<string[]> _alpn = new("--alpn")
    {
        Description = "Application protocols to offer, separated by commas.",
        DefaultValueFactory = _ => [],
    };
    private readonly Option<string?> _ca = new("--ca") { Description = "PEM file of the authorities to trust.", HelpName = "FILE" };
    private readonly Option<string?> _cert = new("--cert") { Description = "PEM file of our own certificate chain.", HelpName = "FILE" };
    private readonly Option<string?> _key = new("--key") { Description = "PEM file of its key.", HelpName = "FILE" };
    private readonly Option<string?> _tls = new("--tls") { Description = "Only this version." };
    private readonly Option<int> _resume = new("--resume") { Description = "Connect again so often, each time with the session." };
    private readonly Option<string> _engine = new("--engine") { DefaultValueFactory = _ => "openssl", Description = "Who speaks TLS." };
    private readonly Option<string?> _startTls = new("--starttls") { Description = "What to speak before TLS." };
    private readonly Option<bool> _insecure = new("--insecure") { Description = "Do not verify the server's certificate." };
    private readonly Option<bool> _commands = new("--commands") { Description = "Take lines of one letter as commands, also from a pipe." };
    private readonly Option<bool> _blocking = new("--blocking")
    {
        Description = "Blocking I/O with the wrapper that retries by itself, instead of one loop.",
    };

    public Command Create()
    {
        _tls.AcceptOnlyFromAmong("1.2", "1.3");
        _engine.AcceptOnlyFromAmong("openssl", "bouncycastle");
        _startTls.AcceptOnlyFromAmong([.. StartTlsDialogue.Protocols]);
        Command command = new("client", Description)
        {
            _target,
            _serverName,
            _alpn,
            _ca,
            _cert,
            _key,
            _tls,
            _resume,
            _engine,
            _startTls,
            _insecure,
            _commands,
            _blocking,
        };
        command.SetAction(InvokeAsync);
        return command;
    }

    private async Task<int> InvokeAsync(ParseResult parsed, CancellationToken cancellation)
    {
        if (!OperatingSystem.IsLinux())
        {
            return await SayAsync("gateway client runs on Linux.", ExitCode.RuntimeFailure).ConfigureAwait(false);
        }
        try
        {
            var settings = await ReadAsync(parsed, cancellation).ConfigureAwait(false);
            using var context = TlsEngines.CreateClient(settings.Engine, settings.Tls);
            using var input = Console.OpenStandardInput();
            using var output = Console.OpenStandardOutput();
            if (parsed.GetValue(_blocking))
            {
                BlockingClient blocking = new(settings, context, input, output, error);
                return await Task
                    .Factory.StartNew(blocking.Run, cancellation, TaskCreationOptions.LongRunning, TaskScheduler.Default)
                    .ConfigureAwait(false);
            }
            using InteractiveClient client = new(settings, context, input, output, error);
            return await client.RunAsync(cancellation).ConfigureAwait(false);
        }
        catch (Exception wrong) when (wrong is TlsConfigurationException or CommandLineException)
        {
            return await SayAsync(wrong.Message, ExitCode.ConfigurationError).ConfigureAwait(false);
        }
        catch (SocketException unknown)
        {
            return await SayAsync($"{parsed.GetValue(_target)}: {unknown.Message}", ExitCode.RuntimeFailure).ConfigureAwait(false);
        }
    }

    private async Task<ClientSettings> ReadAsync(ParseResult parsed, CancellationToken cancellation)
    {
        var target = parsed.GetValue(_target)!;
        var colon = target.LastIndexOf(':');
        if (colon <= 0 || !ushort.TryParse(target.AsSpan(colon + 1), out var port) || port == 0)
        {
            throw new CommandLineException($"'{target}' is not HOST:PORT, such as example.org:443 or [::1]:8443.");
        }
        if (parsed.GetValue(_resume) is < 0 or > 1000)
        {
            throw new CommandLineException("--resume takes 0 to 1000.");
        }
        if (parsed.GetValue(_resume) > 0 && parsed.GetValue(_engine) == "bouncycastle" && parsed.GetValue(_tls) != "1.2")
        {
            throw new CommandLineException(
                "--resume with --engine bouncycastle needs --tls 1.2: as a client it takes no tickets of TLS 1.3."
            );
        }
        var host = target[..colon].TrimStart('[').TrimEnd(']');
        var isVerified = !parsed.GetValue(_insecure);
        var addresses = await Dns.GetHostAddressesAsync(host, cancellation).ConfigureAwait(false);
        TlsClientSettings tls = new()
        {
            ServerName = parsed.GetValue(_serverName) ?? host,
            ApplicationProtocols = [.. parsed.GetValue(_alpn)!.SelectMany(list => list.Split(',', StringSplitOptions.RemoveEmptyEntries))],
            TrustedAuthoritiesPem = isVerified ? Authorities(parsed.GetValue(_ca)) : null,
            Certificate = Certificate(parsed.GetValue(_cert), parsed.GetValue(_key)),
            MinimumVersion = parsed.GetValue(_tls) == "1.3" ? TlsVersion.Tls13 : TlsVersion.Tls12,
            MaximumVersion = parsed.GetValue(_tls) == "1.2" ? TlsVersion.Tls12 : TlsVersion.Tls13,
        };
        return new ClientSettings(
            target,
            [.. addresses.Select(address => new IPEndPoint(address, port))],
            parsed.GetValue(_engine) == "bouncycastle" ? TlsEngine.BouncyCastle : TlsEngine.OpenSsl,
            tls,
            parsed.GetValue(_startTls),
            parsed.GetValue(_resume),
            parsed.GetValue(_commands) || !Console.IsInputRedirected,
            isVerified
        );
    }

    private static string Authorities(string? file)
    {
        if (file is not null)
        {
            return ReadFile("--ca", file);
        }
        var system = new[] { Environment.GetEnvironmentVariable("SSL_CERT_FILE") }.Concat(SystemAuthorities).FirstOrDefault(File.Exists);
        return system is null
            ? throw new CommandLineException(
                "This system has no file of trusted authorities. Name one with --ca FILE, or install Debian's ca-certificates."
            )
            : ReadFile("SSL_CERT_FILE", system);
    }

    private static TlsCertificate? Certificate(string? chain, string? key)
    {
        if ((chain is null) != (key is null))
        {
            throw new CommandLineException("--cert and --key go together: name both files.");
        }
        return chain is null ? null : new TlsCertificate(chain, ReadFile("--cert", chain), ReadFile("--key", key!));
    }

    private static string ReadFile(string option, string file)
    {
        try
        {
            return File.ReadAllText(file);
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            throw new CommandLineException($"{option} {file} cannot be read: {unreadable.Message}");
        }
    }

    private async Task<int> SayAsync(string message, int code)
    {
        await error.WriteLineAsync(message).ConfigureAwait(false);
        return code;
    }

    private sealed class CommandLineException(string message) : Exception(message);
}
