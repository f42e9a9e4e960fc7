using System.Globalization;
using System.Text.RegularExpressions;

namespace TlsGateway.Interop.Tests.Support;

/// <summary>The gateway in a process of its own, as an operator runs it.</summary>
internal sealed partial class GatewayProgram : IAsyncDisposable
{
    private GatewayProgram(RunningProgram program, IReadOnlyList<int> ports)
    {
        Program = program;
        Ports = ports;
    }

    public RunningProgram Program { get; }

    /// <summary>The listeners' ports, in the order of the configuration.</summary>
    public IReadOnlyList<int> Ports { get; }

    public int Port => Ports[0];

    /// <summary>The admin endpoint, such as http://127.0.0.1:9901.</summary>
    public Uri Admin => new(AdminLine().Match(Program.Output.Text).Groups["url"].Value);

    /// <summary>Starts it with this configuration and waits until it serves. Bind to 127.0.0.1:0, the admin address too.</summary>
    public static async Task<GatewayProgram> StartAsync(string folder, string yaml)
    {
        var file = Path.Combine(folder, "gateway.yaml");
        await File.WriteAllTextAsync(file, yaml);
        var program = RunningProgram.Start("dotnet", Path.Combine(AppContext.BaseDirectory, "gateway.dll"), "run", "--config", file);
        var listeners = yaml.Split("certificates:").Length - 1;
        await RunningGateway.UntilAsync(() => program.HasEnded || ListenerLine().Count(program.Output.Text) == listeners, program.Describe);
        Assert.False(program.HasEnded, program.Describe());
        return new GatewayProgram(
            program,
            [.. ListenerLine().Matches(program.Output.Text).Select(m => int.Parse(m.Groups["port"].Value, CultureInfo.InvariantCulture))]
        );
    }

    /// <summary>Sends a signal, such as HUP or TERM.</summary>
    public async Task SignalAsync(string name) => await RunningProgram.RunAsync("kill", "-" + name, $"{Program.Id}");

    public ValueTask DisposeAsync() => Program.DisposeAsync();

    [GeneratedRegex(
        @"^admin (?<url>https?://\S+:\d+): ",
        RegexOptions.Multiline | RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000
    )]
    private static partial Regex AdminLine();

    [GeneratedRegex(
        @"^listener \S+ on \S+:(?<port>\d+),",
        RegexOptions.Multiline | RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000
    )]
    private static partial Regex ListenerLine();
}
