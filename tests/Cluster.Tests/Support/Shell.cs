using System.Diagnostics;

namespace TlsGateway.Cluster.Tests.Support;

/// <summary>Programs that are run to their end.</summary>
internal static class Shell
{
    private static readonly string[] Folders = ["/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/bin", "/bin"];

    /// <summary>Skips the test when the machine lacks it.</summary>
    public static void Require(params string[] names)
    {
        foreach (var name in names)
        {
            if (!Array.Exists(Folders, folder => File.Exists(Path.Combine(folder, name))))
            {
                Assert.Skip($"{name} is not installed");
            }
        }
    }

    /// <summary>What it wrote; fails when it failed.</summary>
    public static string Run(string command)
    {
        var (status, output) = Try(command);
        Assert.True(status == 0, $"{command}: status {status}: {output}");
        return output;
    }

    /// <summary>Its status and all that it wrote. Nothing in <paramref name="command"/> comes from elsewhere.</summary>
    public static (int Status, string Output) Try(string command)
    {
        using var process = Process.Start(
            new ProcessStartInfo("/bin/sh", ["-c", command])
            {
                UseShellExecute = false,
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            }
        )!;
        process.StandardInput.Close();
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output + errors.GetAwaiter().GetResult());
    }
}
