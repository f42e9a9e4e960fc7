using System.Diagnostics;

namespace TlsGateway.Interop.Tests.Support;

/// <summary>A program that a test talks to by its standard streams. Disposing it ends it.</summary>
internal sealed class RunningProgram : IAsyncDisposable
{
    private readonly Process _process;
    private readonly Task _reading;

    private RunningProgram(Process process)
    {
        _process = process;
        _reading = Task.WhenAll(Output.FillAsync(process.StandardOutput), Errors.FillAsync(process.StandardError));
    }

    public int Id => _process.Id;

    public bool HasEnded => _process.HasExited;

    public Transcript Output { get; } = new();

    public Transcript Errors { get; } = new();

    public static RunningProgram Start(string path, params IEnumerable<string> arguments)
    {
        var info = new ProcessStartInfo(path, arguments)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        // A machine's proxy or OpenSSL settings are not what is tested.
        foreach (
            var name in (string[])["http_proxy", "https_proxy", "all_proxy", "HTTPS_PROXY", "ALL_PROXY", "SSLKEYLOGFILE", "OPENSSL_CONF"]
        )
            info.Environment.Remove(name);
        return new RunningProgram(Process.Start(info)!);
    }

    /// <summary>Runs a program that needs no input to its end.</summary>
    public static async Task<string> RunAsync(string path, params IEnumerable<string> arguments)
    {
        await using var program = Start(path, arguments);
        program.EndInput();
        Assert.True(await program.ExitAsync() == 0, program.Describe());
        return program.Output.Text;
    }

    /// <summary>Writes one line, in one piece.</summary>
    public async Task SayAsync(string line)
    {
        await _process.StandardInput.WriteAsync(line + "\n");
        await _process.StandardInput.FlushAsync();
    }

    public void EndInput() => _process.StandardInput.Close();

    /// <summary>Waits until the program has written <paramref name="expected"/> to its standard output, after what was waited for before.</summary>
    public Task ExpectAsync(string expected) => ExpectAsync(Output, expected);

    /// <summary>As <see cref="ExpectAsync(string)"/>, on standard error.</summary>
    public Task ExpectErrorAsync(string expected) => ExpectAsync(Errors, expected);

    /// <summary>Says <paramref name="line"/> and waits until it comes back.</summary>
    public async Task EchoAsync(string line)
    {
        await SayAsync(line);
        await ExpectAsync(line);
    }

    /// <summary>Waits for the program's end; its exit status.</summary>
    public Task<int> ExitAsync() => ExitAsync(RunningGateway.Patience);

    /// <summary>As <see cref="ExitAsync()"/>, for a program that works long.</summary>
    public async Task<int> ExitAsync(TimeSpan patience)
    {
        try
        {
            await _process.WaitForExitAsync().WaitAsync(patience);
            await _reading.WaitAsync(RunningGateway.Patience);
        }
        catch (TimeoutException)
        {
            Assert.Fail($"the program did not end: {Describe()}");
        }

        return _process.ExitCode;
    }

    /// <summary>All that it wrote, for messages.</summary>
    public string Describe() => $"{_process.StartInfo.FileName} wrote:\n{Output.Text}\nand as errors:\n{Errors.Text}";

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            _process.Kill();
        await _process.WaitForExitAsync();
        await _reading;
        _process.Dispose();
    }

    private async Task ExpectAsync(Transcript transcript, string expected)
    {
        var found = false;
        try
        {
            found = await transcript.FindAsync(expected).WaitAsync(RunningGateway.Patience);
        }
        catch (TimeoutException)
        {
            // said below
        }

        Assert.True(found, $"'{expected}' did not come: {Describe()}");
    }
}
