using System.Diagnostics;
using System.Globalization;
using TlsGateway.Deploy.Tests.Support;

namespace TlsGateway.Deploy.Tests;

/// <summary>
/// What is in the image, as the image runs it, without an engine: the published folder, read-only, on a read-only root, by the image's user without a capability, with the dev overlay's configuration and mounts, in a mount and a network
/// namespace of its own.
/// </summary>
public sealed class PublishedFolderTests
{
    private const string User = "1654";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    /// <summary>$1: the published folder; $2: the configuration. Leaves of the machine what an image has too: programs and libraries.</summary>
    private const string Script = """
        set -e
        mount -t tmpfs -o mode=0755 none /run
        mkdir -p /run/secrets/gateway/admin /run/empty
        echo anyone-may-read-this > /run/secrets/gateway/admin/read-token
        echo anyone-may-try-this > /run/secrets/gateway/admin/admin-token
        chown -R root:1654 /run/secrets/gateway/admin && chmod 0440 /run/secrets/gateway/admin/*
        mount -o remount,bind,ro /run
        mount -t tmpfs -o mode=0755 none /var/lib
        mkdir /var/lib/gateway /var/lib/app
        cp "$2" /var/lib/gateway.yaml
        mount --bind "$1" /var/lib/app && mount -o remount,bind,ro /var/lib/app
        mount -t tmpfs -o uid=1654,gid=1654,mode=0700,size=64m none /var/lib/gateway
        mount -o remount,bind,ro /var/lib
        mount -t tmpfs -o mode=1777,size=64m none /tmp
        mount -o remount,bind,ro /
        ip link set lo up
        cd /var/lib/app
        exec setpriv --reuid 1654 --regid 1654 --clear-groups --no-new-privs --inh-caps=-all --bounding-set=-all \
            env -i PATH=/usr/bin:/bin HOME=/nonexistent ASPNETCORE_HTTP_PORTS=8080 DOTNET_RUNNING_IN_CONTAINER=true GATEWAY_CONFIG=/var/lib/gateway.yaml DOTNET_ROOT="$3" /var/lib/app/gateway
        """;

    [Fact]
    public async Task The_published_folder_serves_as_another_user_on_a_read_only_file_system()
    {
        Assert.SkipUnless(Environment.UserName == "root", "Mounting needs root.");
        var unshare = Programs.Require("unshare");
        foreach (var name in (string[])["setpriv", "nsenter", "ip", "openssl", "curl"])
        {
            Programs.Require(name);
        }
        var folder = Directory.CreateTempSubdirectory("gateway-image-");
        try
        {
            await PublishAsync(folder.FullName);
            await using Gateway gateway = new(unshare, folder.FullName);
            await gateway.ReadyAsync();

            var status = await File.ReadAllTextAsync($"/proc/{gateway.Id}/status", TestContext.Current.CancellationToken);
            Assert.Contains($"\nUid:\t{User}\t{User}\t{User}\t{User}\n", status, StringComparison.Ordinal);
            Assert.Contains("\nCapEff:\t0000000000000000\n", status, StringComparison.Ordinal);
            Assert.Equal("ready", (await gateway.RunAsync("", "curl", "-s", "http://127.0.0.1:9901/readyz")).Trim());
            Assert.Equal(
                "401",
                await gateway.RunAsync("", "curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "http://127.0.0.1:9901/metrics")
            );
            Assert.Contains(
                "gateway_active_connections",
                await gateway.RunAsync(
                    "",
                    "curl",
                    "-s",
                    "-H",
                    "Authorization: Bearer anyone-may-read-this",
                    "http://127.0.0.1:9901/metrics"
                ),
                StringComparison.Ordinal
            );
            var page = await gateway.RunAsync(
                "GET / HTTP/1.0\r\nHost: localhost\r\n\r\n",
                "openssl",
                "s_client",
                "-quiet",
                "-verify_return_error",
                "-CAfile",
                gateway.PathInside("var/lib/gateway/ca.pem"),
                "-servername",
                "localhost",
                "-connect",
                "127.0.0.1:8443"
            );
            Assert.StartsWith("HTTP/1.", page, StringComparison.Ordinal);

            // The image's health check.
            Assert.Equal("ok", (await gateway.RunAsync("", Path.Combine(folder.FullName, "gateway"), "health", "--live")).Trim());
            Assert.Equal("ready", (await gateway.RunAsync("", Path.Combine(folder.FullName, "gateway"), "health")).Trim());

            Assert.Equal(0, await gateway.StopAsync());
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>Of what is built already, with the configuration that the tests were built with.</summary>
    private static async Task PublishAsync(string folder)
    {
        var configuration = AppContext.BaseDirectory.Contains("/Release/", StringComparison.Ordinal) ? "Release" : "Debug";
        await Programs.RunAsync(
            "",
            Environment.ProcessPath is { } path && Path.GetFileName(path) == "dotnet" ? path : "dotnet",
            "publish",
            Repository.Path("src", "Gateway"),
            "--no-build",
            "--nologo",
            "-c",
            configuration,
            "-o",
            folder,
            "-nodeReuse:false"
        );
        // Temporary folders are their maker's alone; an image's are not.
        File.SetUnixFileMode(folder, (UnixFileMode)0b111_101_101);
    }

    private sealed class Gateway : IAsyncDisposable
    {
        private readonly Process _process;
        private readonly List<string> _lines = [];
        private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Gateway(string unshare, string folder)
        {
            var root = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(typeof(object).Assembly.Location)!, "..", "..", ".."));
            ProcessStartInfo start = new(
                unshare,
                [
                    "--mount",
                    "--net",
                    "--propagation",
                    "private",
                    "sh",
                    "-c",
                    Script,
                    "sh",
                    folder,
                    Repository.Path("deploy", "k8s", "overlays", "dev", "gateway.yaml"),
                    root,
                ]
            )
            {
                UseShellExecute = false,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            };
            _process = Process.Start(start)!;
            _process.OutputDataReceived += (_, data) => Take(data.Data);
            _process.ErrorDataReceived += (_, data) => Take(data.Data);
            _process.BeginOutputReadLine();
            _process.BeginErrorReadLine();
        }

        public string Id => _process.Id.ToString(CultureInfo.InvariantCulture);

        /// <summary>A file as the gateway sees it, by its own root.</summary>
        public string PathInside(string file) => Path.Combine("/proc", Id, "root", file);

        public async Task ReadyAsync()
        {
            var ended = _process.WaitForExitAsync();
            var first = await Task.WhenAny(_ready.Task, ended).WaitAsync(Patience);
            Assert.True(first == _ready.Task, Describe());
        }

        /// <summary>Runs a program in the gateway's network.</summary>
        public Task<string> RunAsync(string input, params string[] command) =>
            Programs.RunAsync(input, Programs.Require("nsenter"), ["-t", Id, "-n", .. command]);

        public async Task<int> StopAsync()
        {
            await Programs.RunAsync("", Programs.Require("kill"), "-TERM", Id);
            await _process.WaitForExitAsync().WaitAsync(Patience);
            return _process.ExitCode;
        }

        public async ValueTask DisposeAsync()
        {
            if (!_process.HasExited)
            {
                _process.Kill();
                await _process.WaitForExitAsync();
            }
            _process.Dispose();
        }

        private void Take(string? line)
        {
            if (line is null)
            {
                return;
            }
            lock (_lines)
            {
                _lines.Add(line);
            }
            if (line.StartsWith("listener https on ", StringComparison.Ordinal))
            {
                _ready.TrySetResult();
            }
        }

        private string Describe()
        {
            lock (_lines)
            {
                return string.Join('\n', _lines);
            }
        }
    }
}
