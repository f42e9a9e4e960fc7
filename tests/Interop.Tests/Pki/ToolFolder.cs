using TlsGateway.Gateway.Commands;
using TlsGateway.Gateway.Configuration.Checking;
using TlsGateway.Interop.Tests.Support;

namespace TlsGateway.Interop.Tests.Pki;

/// <summary>A folder of one test's own, the gateway's commands and OpenSSL's at work in it.</summary>
internal sealed class ToolFolder : IDisposable
{
    /// <summary>What $PASSPHRASE holds, for both programs.</summary>
    public const string Passphrase = "correct horse";

    private readonly string _openssl = Programs.Require("openssl");

    public string Path { get; } = Directory.CreateTempSubdirectory("gateway-pki-").FullName;

    public string this[string name] => System.IO.Path.Combine(Path, name);

    /// <summary>Runs a command of the gateway, which has to succeed; what it wrote.</summary>
    public async Task<string> GatewayAsync(params string[] arguments)
    {
        var (code, output, error) = await TryGatewayAsync(arguments);
        Assert.True(code == 0, $"gateway {string.Join(' ', arguments)}: {code}\n{error}");
        return output;
    }

    /// <summary>Runs a command of the gateway.</summary>
    public async Task<(int Code, string Output, string Error)> TryGatewayAsync(params string[] arguments)
    {
        using StringWriter output = new();
        using StringWriter error = new();
        var code = await GatewayCommands.InvokeAsync(arguments, output, error, World, TestContext.Current.CancellationToken);
        return (code, output.ToString(), error.ToString());
    }

    /// <summary>Runs openssl, which has to succeed; what it wrote, errors too, for it tells its verdicts there.</summary>
    public async Task<string> OpenSslAsync(params string[] arguments)
    {
        var (code, text) = await TryOpenSslAsync(arguments);
        Assert.True(code == 0, $"openssl {string.Join(' ', arguments)}: {code}\n{text}");
        return text;
    }

    public async Task<(int Code, string Text)> TryOpenSslAsync(params string[] arguments)
    {
        await using var program = RunningProgram.Start(_openssl, arguments);
        program.EndInput();
        var code = await program.ExitAsync();
        return (code, program.Output.Text + program.Errors.Text);
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);

    public static ConfigurationWorld World { get; } =
        new() { GetVariable = name => name == "PASSPHRASE" ? Passphrase : Environment.GetEnvironmentVariable(name) };
}
