using System.Diagnostics;

namespace TlsGateway.Gateway.Tests.Support;

/// <summary>The gateway program in a process of its own, its output collected.</summary>
internal sealed class GatewayProcessFixture : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly LineWriter _output = new();

    private GatewayProcessFixture(Process process)
    {
        _process = process;
        process.OutputDataReceived += (_, data) => Collect(data.Data);
        process.ErrorDataReceived += (_, data) => Collect(data.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public static GatewayProcessFixture Start(string folder, string configuration)
    {
        ProcessStartInfo start = new("dotnet", [Path.Combine(AppContext.BaseDirectory, "gateway.dll"), "run", "--config", configuration])
        {
            WorkingDirectory = folder,
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        return new GatewayProcessFixture(Process.Start(start) ?? throw new InvalidOperationException("The gateway did not start."));
    }

    public void Signal(string name)
    {
        using var kill = Process.Start("kill", ["-" + name, _process.Id.ToString()]);
        kill.WaitForExit();
        Assert.Equal(0, kill.ExitCode);
    }

    public async Task<string> WaitForLineAsync(string part)
    {
        try
        {
            return await _output.WaitForLineAsync(part).WaitAsync(Patience, TestContext.Current.CancellationToken);
        }
        catch (TimeoutException late)
        {
            throw new TimeoutException($"No line with '{part}' in:\n{_output}", late);
        }
    }

    public async Task<int> WaitForExitAsync()
    {
        await _process.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(Patience, TestContext.Current.CancellationToken);
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync(CancellationToken.None);
        }
        _process.Dispose();
        await _output.DisposeAsync();
    }

    private void Collect(string? line)
    {
        if (line is not null)
        {
            _output.WriteLine(line);
        }
    }
}
