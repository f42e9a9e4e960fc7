using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using TlsGateway.Kubernetes.Api;

namespace TlsGateway.Kubernetes.Tests.Support;

/// <summary>
/// An API server on loopback that speaks Kubernetes' protocol for pods and leases as far as we use it: TLS by an authority of its own, bearer tokens, lists in pages, watches
/// as lines of JSON with bookmarks, versions that are forgotten (410), writes that are checked against a version (409). It does what is wrong when told to, and tells when it
/// was asked.
/// </summary>
internal sealed class FakeApiServer : IAsyncDisposable
{
    public const string Namespace = "gateways";
    public const string FirstToken = "token-1";

    private readonly TemporaryFolder _folder = new();
    private readonly TestAuthority _authority = new();
    private readonly X509Certificate2 _certificate;
    private readonly WebApplication _app;
    private readonly Lock _lock = new();
    private readonly List<SeenRequest> _seen = [];
    private readonly List<(string Call, int Count, TaskCompletionSource<SeenRequest> Asked)> _waiting = [];
    private readonly ConcurrentDictionary<string, ConcurrentQueue<Fault>> _faults = new();
    private readonly ConcurrentDictionary<string, Fault> _standing = new();

    private FakeApiServer(string certifiedName, IPAddress listen)
    {
        _certificate = _authority.Issue(certifiedName);
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrel(options =>
        {
            options.Listen(listen, 0, on => on.UseHttps(_certificate));
        });
        _app = builder.Build();
        _app.Run(ServeAsync);
        CaFile = _folder.Write("ca.crt", _authority.Pem);
        TokenFile = _folder.Write("token", FirstToken + "\n");
        NamespaceFile = _folder.Write("namespace", Namespace);
        Pods = new FakePods();
        Leases = new FakeLeases();
    }

    public Uri Address { get; private set; } = new("https://127.0.0.1");

    public string CaFile { get; }

    public string TokenFile { get; }

    public string NamespaceFile { get; }

    public FakePods Pods { get; }

    public FakeLeases Leases { get; }

    /// <summary>The one token that is accepted.</summary>
    public string AcceptedToken { get; set; } = FirstToken;

    /// <summary>As a plugin is configured for it.</summary>
    public ApiServerSettings Settings =>
        new()
        {
            Address = Address,
            CaFile = CaFile,
            TokenFile = TokenFile,
        };

    /// <param name="certifiedName">What the server's certificate says; the clients ask for 127.0.0.1.</param>
    /// <param name="listen">Null: loopback.</param>
    public static async Task<FakeApiServer> StartAsync(string certifiedName = "127.0.0.1", IPAddress? listen = null)
    {
        FakeApiServer server = new(certifiedName, listen ?? IPAddress.Loopback);
        await server._app.StartAsync();
        server.Address = new Uri(server._app.Urls.Single());
        return server;
    }

    /// <summary>What kubelet does before a token is over.</summary>
    public void WriteToken(string token) => _folder.Write("token", token);

    public void WriteAuthority(string pem) => _folder.Write("ca.crt", pem);

    /// <summary>The next one of these calls, or the next after those that are said already: "list pods", "watch pods", "get leases", "create leases", "update leases".</summary>
    public void Next(string call, params Fault[] faults)
    {
        foreach (var fault in faults)
        {
            _faults.GetOrAdd(call, static _ => new()).Enqueue(fault);
        }
    }

    /// <summary>Each of these calls, until it is ended by null.</summary>
    public void Always(string call, Fault? fault)
    {
        if (fault is null)
        {
            _standing.TryRemove(call, out _);
            return;
        }
        _standing[call] = fault;
    }

    public IReadOnlyList<SeenRequest> Seen(string call)
    {
        lock (_lock)
        {
            return [.. _seen.Where(seen => seen.Call == call)];
        }
    }

    /// <summary>The <paramref name="count"/>th of these calls since the start, once it has come.</summary>
    public Task<SeenRequest> WhenAskedAsync(string call, int count = 1)
    {
        TaskCompletionSource<SeenRequest> asked = new(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            _waiting.Add((call, count, asked));
            TellWaiting();
        }
        return asked.Task.WaitAsync(TestClock.Patience);
    }

    /// <summary>An error as the API server writes it.</summary>
    public static async Task AnswerStatusAsync(HttpContext context, int code, string message)
    {
        context.Response.StatusCode = code;
        await AnswerAsync(context, StatusObject(code, message));
    }

    public static JsonObject StatusObject(int code, string message) =>
        new()
        {
            ["kind"] = "Status",
            ["apiVersion"] = "v1",
            ["metadata"] = new JsonObject(),
            ["status"] = "Failure",
            ["message"] = message,
            ["code"] = code,
        };

    public static async Task AnswerAsync(HttpContext context, JsonNode body)
    {
        context.Response.ContentType = "application/json";
        await context.Response.Body.WriteAsync(System.Text.Encoding.UTF8.GetBytes(body.ToJsonString()));
    }

    public async ValueTask DisposeAsync()
    {
        Pods.CutWatches();
        using CancellationTokenSource now = new();
        await now.CancelAsync();
        await _app.StopAsync(now.Token);
        await _app.DisposeAsync();
        _certificate.Dispose();
        _authority.Dispose();
        _folder.Dispose();
    }

    private async Task ServeAsync(HttpContext context)
    {
        var parts = context.Request.Path.Value!.Split('/', StringSplitOptions.RemoveEmptyEntries);
        var at = Array.IndexOf(parts, "namespaces");
        var resource = at >= 0 && at + 2 < parts.Length ? parts[at + 2] : "";
        var name = at >= 0 && at + 3 < parts.Length ? parts[at + 3] : "";
        var call = $"{VerbOf(context, name)} {resource}";
        See(
            new SeenRequest(
                call,
                context.Request.Query.ToDictionary(static q => q.Key, static q => q.Value.ToString()),
                context.Request.Protocol
            )
        );
        if (context.Request.Headers.Authorization != $"Bearer {AcceptedToken}")
        {
            await AnswerStatusAsync(context, 401, "Unauthorized");
            return;
        }
        if (_faults.TryGetValue(call, out var queue) && queue.TryDequeue(out var fault))
        {
            if (await fault(context))
            {
                return;
            }
        }
        else if (_standing.TryGetValue(call, out var standing) && await standing(context))
        {
            return;
        }
        if (at < 0 || parts[at + 1] != Namespace)
        {
            await AnswerStatusAsync(context, 404, "namespace not found");
            return;
        }
        await (
            call switch
            {
                "list pods" => Pods.ListAsync(context),
                "watch pods" => Pods.WatchAsync(context),
                "get leases" => Leases.GetAsync(context, name),
                "create leases" => Leases.CreateAsync(context),
                "update leases" => Leases.UpdateAsync(context, name),
                "delete leases" => Leases.DeleteAsync(context, name),
                _ => AnswerStatusAsync(context, 404, "the server could not find the requested resource"),
            }
        );
    }

    private static string VerbOf(HttpContext context, string name) =>
        context.Request.Method switch
        {
            "POST" => "create",
            "PUT" => "update",
            "DELETE" => "delete",
            "GET" when name.Length > 0 => "get",
            "GET" when context.Request.Query["watch"] == "true" => "watch",
            _ => "list",
        };

    private void See(SeenRequest request)
    {
        lock (_lock)
        {
            _seen.Add(request);
            TellWaiting();
        }
    }

    private void TellWaiting()
    {
        foreach (var (call, count, asked) in _waiting)
        {
            if (_seen.Where(seen => seen.Call == call).Skip(count - 1).FirstOrDefault() is { } found)
            {
                asked.TrySetResult(found);
            }
        }
    }
}
