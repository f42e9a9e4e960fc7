using System.CommandLine;
using System.Runtime.InteropServices;
using System.Text.Encodings.Web;
using System.Text.Json;
using TlsGateway.Tls;

namespace TlsGateway.Gateway.Commands;

/// <summary><c>gateway version</c>: what a bug report needs.</summary>
internal static class VersionCommand
{
    private const string Description = """
        Prints the version and, of each TLS engine on this host, its version, groups, cipher suites and capabilities.

        Examples:
          gateway version
          gateway version --json | jq '.engines[] | select(.name == "openssl").groups'
        """;

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        // Terminals and pipes, not web pages: ≥ and + stay readable.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static Command Create(TextWriter output, TextWriter error)
    {
        Option<bool> json = new("--json") { Description = "As JSON." };
        Command command = new("version", Description) { json };
        command.SetAction(parsed => Invoke(parsed.GetValue(json), output, error));
        return command;
    }

    private static int Invoke(bool asJson, TextWriter output, TextWriter error)
    {
        List<TlsEngineDescription> engines = [];
        var isUsable = true;
        foreach (var engine in Enum.GetValues<TlsEngine>())
        {
            try
            {
                engines.Add(TlsEngines.Describe(engine));
            }
            catch (TlsConfigurationException unusable)
            {
                error.WriteLine($"engine  {engine.ToString().ToLowerInvariant()}: {unusable.Message}");
                isUsable = false;
            }
        }
        if (asJson)
        {
            output.WriteLine(JsonSerializer.Serialize(new Report(GatewayVersion.Text, $"{Environment.Version}", System, engines), Json));
        }
        else
        {
            Print(engines, output);
        }
        return isUsable ? ExitCode.Success : ExitCode.RuntimeFailure;
    }

    private static string System =>
        $"{RuntimeInformation.OSDescription}, {RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant()}";

    private static void Print(List<TlsEngineDescription> engines, TextWriter output)
    {
        output.WriteLine($"gateway {GatewayVersion.Text}");
        output.WriteLine($".NET    {Environment.Version}");
        output.WriteLine($"system  {System}");
        foreach (var engine in engines)
        {
            output.WriteLine($"engine  {engine.Name}: {engine.Version}");
            output.WriteLine($"groups  {string.Join(' ', engine.Groups)} (x25519: {engine.X25519})");
            output.WriteLine($"suites  TLS 1.3: {string.Join(' ', engine.Tls13CipherSuites)}");
            output.WriteLine($"        TLS 1.2: {string.Join(' ', engine.Tls12CipherSuites)}");
            output.WriteLine($"can     {string.Join(' ', engine.Capabilities)}");
        }
    }

    private sealed record Report(string Version, string DotNet, string System, IReadOnlyList<TlsEngineDescription> Engines);
}
