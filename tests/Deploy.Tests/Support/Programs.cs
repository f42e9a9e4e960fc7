using System.Diagnostics;

namespace TlsGateway.Deploy.Tests.Support;

/// <summary>Programs of this machine.</summary>
internal static class Programs
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    /// <summary>Debian keeps some in sbin, which is not in every user's PATH.</summary>
    private static readonly string[] Folders =
    [
        .. (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries),
        "/usr/sbin",
        "/sbin",
    ];

    /// <summary>Its path; skips the test where it is not.</summary>
    public static string Require(string name)
    {
        var path = Folders.Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);
        if (path is null)
        {
            Assert.Skip($"{name} is not installed");
        }
        return path;
    }

    /// <summary>Runs it to its end, which has to be 0.</summary>
    public static async Task<string> RunAsync(string input, string path, params string[] arguments)
    {
        var (code, output, errors) = await TryAsync(input, path, arguments);
        Assert.True(code == 0, $"{path} {string.Join(' ', arguments)} ended with {code}:\n{output}\n{errors}");
        return output;
    }

    public static async Task<(int Code, string Output, string Errors)> TryAsync(string input, string path, params string[] arguments)
    {
        ProcessStartInfo start = new(path, arguments)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        // What a test runs in is not what it tests.
        foreach (var name in (string[])["MSBUILDNODEHANDSHAKESALT", "http_proxy", "https_proxy", "OPENSSL_CONF"])
        {
            start.Environment.Remove(name);
        }
        using var process = Process.Start(start)!;
        try
        {
            var output = process.StandardOutput.ReadToEndAsync();
            var errors = process.StandardError.ReadToEndAsync();
            await process.StandardInput.WriteAsync(input);
            process.StandardInput.Close();
            await process.WaitForExitAsync().WaitAsync(Patience);
            return (process.ExitCode, await output, await errors);
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill();
            }
        }
    }
}
