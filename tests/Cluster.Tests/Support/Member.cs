using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using TlsGateway.Kubernetes.Tests.Support;

namespace TlsGateway.Cluster.Tests.Support;

/// <summary>A gateway in a network namespace of its own, with its own address; a process as an operator runs it.</summary>
internal sealed class Member : IDisposable
{
    private readonly StringBuilder _log = new();
    private readonly HttpClient _admin;
    private readonly FakeApiServer? _pods;
    private Process? _process;

    /// <param name="pods">Whose service account it has; null: it is no pod.</param>
    public Member(string space, IPAddress address, string file, string token, FakeApiServer? pods = null)
    {
        (Space, Address, File, _pods) = (space, address, file, pods);
        _admin = new HttpClient { BaseAddress = new Uri($"http://{address}:9901"), Timeout = TimeSpan.FromSeconds(5) };
        _admin.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
    }

    /// <summary>Of its network namespace.</summary>
    public string Space { get; }

    public IPAddress Address { get; }

    /// <summary>Its configuration.</summary>
    public string File { get; }

    public IPEndPoint Clients => new(Address, 8443);

    public int Id => _process!.Id;

    /// <summary>By a signal.</summary>
    public bool IsStopped { get; private set; }

    public bool HasEnded => _process is not { HasExited: false };

    public string Log
    {
        get
        {
            lock (_log)
            {
                return _log.ToString();
            }
        }
    }

    public void Start()
    {
        _process?.Dispose();
        string[] run = ["dotnet", Path.Combine(AppContext.BaseDirectory, "gateway.dll"), "run", "--config", File];
        // ip and the shell become the program: the process is the gateway's.
        ProcessStartInfo start = new("ip", ["netns", "exec", Space, .. _pods is null ? run : AsPod(_pods, run)])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        if (_pods is not null)
        {
            start.Environment["KUBERNETES_SERVICE_HOST"] = _pods.Address.Host;
            start.Environment["KUBERNETES_SERVICE_PORT"] = $"{_pods.Address.Port}";
        }
        _process = Process.Start(start)!;
        _process.OutputDataReceived += (_, line) => Keep(line.Data);
        _process.ErrorDataReceived += (_, line) => Keep(line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>ip gives it mounts of its own: only it sees the service account.</summary>
    private static string[] AsPod(FakeApiServer pods, string[] run) =>
        [
            "sh",
            "-c",
            $"account=/run/secrets/kubernetes.io/serviceaccount && mount -t tmpfs none /run && mkdir -p $account && cp {pods.CaFile} {pods.TokenFile} $account && exec \"$@\"",
            "sh",
            .. run,
        ];

    /// <summary>Sends a signal, such as TERM, KILL, STOP or CONT.</summary>
    public void Signal(string name)
    {
        Shell.Run($"kill -{name} {Id}");
        IsStopped = name == "STOP";
    }

    /// <summary>Waits for its end; its exit status.</summary>
    public async Task<int> ExitAsync()
    {
        using CancellationTokenSource patience = new(TestFleet.Patience);
        await _process!.WaitForExitAsync(patience.Token);
        return _process.ExitCode;
    }

    /// <summary>Null: it does not answer.</summary>
    public Task<JsonElement?> FleetAsync() => GetAsync("/fleet");

    /// <summary>A page of the admin endpoint; null: it does not answer.</summary>
    public async Task<JsonElement?> GetAsync(string page)
    {
        try
        {
            return (await JsonDocument.ParseAsync(await _admin.GetStreamAsync(page))).RootElement.Clone();
        }
        catch (Exception silent) when (silent is HttpRequestException or TaskCanceledException)
        {
            return null;
        }
    }

    /// <summary>The series of a metric, with their labels.</summary>
    public async Task<IReadOnlyDictionary<string, double>> MetricsAsync(string name)
    {
        var text = await _admin.GetStringAsync("/metrics");
        return text.Split('\n')
            .Where(line => line.StartsWith(name + "{", StringComparison.Ordinal) || line.StartsWith(name + " ", StringComparison.Ordinal))
            .Select(static line => (Series: line[..(line.LastIndexOf('}') + 1)], Value: line[(line.LastIndexOf('}') + 1)..].Trim()))
            .Select(static line => line.Series.Length > 0 ? line : (Series: line.Value.Split(' ')[0], Value: line.Value.Split(' ')[1]))
            .ToDictionary(
                static line => line.Series,
                static line => double.Parse(line.Value.Split(' ')[0], System.Globalization.CultureInfo.InvariantCulture),
                StringComparer.Ordinal
            );
    }

    /// <summary>All series of a metric together.</summary>
    public async Task<double> SumAsync(string name) => (await MetricsAsync(name)).Values.Sum();

    /// <summary>The body of /readyz; null: it does not answer.</summary>
    public async Task<string?> ReadinessAsync()
    {
        try
        {
            using var answer = await _admin.GetAsync("/readyz");
            return (await answer.Content.ReadAsStringAsync()).Trim();
        }
        catch (Exception silent) when (silent is HttpRequestException or TaskCanceledException)
        {
            return null;
        }
    }

    public void Dispose()
    {
        _admin.Dispose();
        if (_process is { HasExited: false } running)
        {
            running.Kill();
            running.WaitForExit();
        }
        _process?.Dispose();
    }

    private void Keep(string? line)
    {
        lock (_log)
        {
            _log.AppendLine(line);
        }
    }
}
