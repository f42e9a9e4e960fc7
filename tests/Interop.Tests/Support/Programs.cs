using System.Diagnostics;

namespace TlsGateway.Interop.Tests.Support;

/// <summary>Finds the programs of this machine that tests use as peers.</summary>
internal static class Programs
{
    /// <summary>Debian keeps servers in sbin, which is not in every user's PATH.</summary>
    private static readonly string[] Folders =
    [
        .. (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries),
        "/usr/local/sbin",
        "/usr/sbin",
        "/sbin",
    ];

    private static bool _primed;

    /// <summary>The program's path; skips the test when the machine lacks it. Call it before a gateway starts: the first process opens descriptors that stay.</summary>
    public static string Require(string name)
    {
        var path = Folders.Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);
        if (path is null)
            Assert.Skip($"{name} is not installed");
        if (!_primed)
        {
            // The runtime opens its signal pipe with the first child.
            using var first = Process.Start(
                new ProcessStartInfo(path, "--version")
                {
                    UseShellExecute = false,
                    RedirectStandardOutput = true,
                    RedirectStandardError = true,
                }
            )!;
            _ = first.StandardError.ReadToEndAsync();
            first.StandardOutput.ReadToEnd();
            first.WaitForExit();
            _primed = true;
        }

        return path;
    }
}
