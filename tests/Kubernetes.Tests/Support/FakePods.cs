using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using System.Threading.Channels;

namespace TlsGateway.Kubernetes.Tests.Support;

/// <summary>The pods of one namespace, as an API server has them.</summary>
internal sealed class FakePods
{
    private readonly Lock _lock = new();
    private readonly SortedDictionary<string, JsonObject> _pods = new(StringComparer.Ordinal);
    private readonly List<(long Version, string Line, JsonObject Before, JsonObject After)> _history = [];
    private readonly List<Watch> _watches = [];
    private readonly List<(int Count, TaskCompletionSource Opened)> _waiting = [];
    private long _version = 1000;
    private long _forgotten;
    private int _opened;

    /// <summary>A version that is not known any more is said in the stream, and not by the answer's status: both happen.</summary>
    public bool SaysGoneInStream { get; set; }

    /// <summary>The pages after the first are refused, as those of a list that began too long ago.</summary>
    public bool ForgetsPages { get; set; }

    public string Version
    {
        get
        {
            lock (_lock)
            {
                return _version.ToString(CultureInfo.InvariantCulture);
            }
        }
    }

    /// <summary>Adds or changes one.</summary>
    public void Put(
        string name,
        string? ip,
        string label = "gw",
        string phase = "Running",
        bool isReady = true,
        bool isTerminating = false,
        string? hostname = null,
        string? subdomain = null
    )
    {
        JsonObject metadata = new()
        {
            ["name"] = name,
            ["namespace"] = FakeApiServer.Namespace,
            ["uid"] = $"uid-{name}",
            ["labels"] = new JsonObject { ["app"] = label },
        };
        if (isTerminating)
        {
            metadata["deletionTimestamp"] = "2026-01-02T03:04:05Z";
        }
        JsonObject pod = new()
        {
            ["kind"] = "Pod",
            ["apiVersion"] = "v1",
            ["metadata"] = metadata,
            ["spec"] = new JsonObject
            {
                ["containers"] = new JsonArray(),
                ["hostname"] = hostname,
                ["subdomain"] = subdomain,
            },
            ["status"] = new JsonObject
            {
                ["phase"] = phase,
                ["podIP"] = ip,
                ["conditions"] = new JsonArray(new JsonObject { ["type"] = "Ready", ["status"] = isReady ? "True" : "False" }),
            },
        };
        lock (_lock)
        {
            var before = _pods.GetValueOrDefault(name);
            metadata["resourceVersion"] = NextVersion();
            _pods[name] = pod;
            Tell(before is null ? "ADDED" : "MODIFIED", before ?? pod, pod);
        }
    }

    public void Delete(string name)
    {
        lock (_lock)
        {
            var pod = _pods[name].DeepClone().AsObject();
            _pods.Remove(name);
            pod["metadata"]!["resourceVersion"] = NextVersion();
            Tell("DELETED", pod, pod);
        }
    }

    /// <summary>Says to the watches how far they are.</summary>
    public string Bookmark()
    {
        lock (_lock)
        {
            var version = NextVersion();
            JsonObject bookmark = new()
            {
                ["type"] = "BOOKMARK",
                ["object"] = new JsonObject
                {
                    ["kind"] = "Pod",
                    ["metadata"] = new JsonObject { ["resourceVersion"] = version },
                },
            };
            SendToAll(bookmark.ToJsonString());
            return version;
        }
    }

    /// <summary>Nobody can watch from a version before now.</summary>
    public void Forget()
    {
        lock (_lock)
        {
            NextVersion();
            _forgotten = _version;
            _history.Clear();
        }
    }

    /// <summary>A line as it is, to all who watch.</summary>
    public void SendToAll(string line)
    {
        lock (_lock)
        {
            foreach (var watch in _watches)
            {
                watch.Lines.Writer.TryWrite(line);
            }
        }
    }

    /// <summary>As when a watch's time is over.</summary>
    public void EndWatches() => CloseAll(static watch => watch.Lines.Writer.TryComplete());

    /// <summary>As when a connection breaks.</summary>
    public void CutWatches() => CloseAll(static watch => watch.Cut.Cancel());

    /// <summary>When so many have begun since the start.</summary>
    public Task WhenWatchedAsync(int count = 1)
    {
        TaskCompletionSource opened = new(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            if (_opened >= count)
            {
                return Task.CompletedTask;
            }
            _waiting.Add((count, opened));
        }
        return opened.Task.WaitAsync(TestClock.Patience);
    }

    public async Task ListAsync(HttpContext context)
    {
        var query = context.Request.Query;
        JsonObject answer;
        lock (_lock)
        {
            var after = query["continue"].ToString();
            if (after.Length > 0 && ForgetsPages)
            {
                ForgetsPages = false;
                answer = [];
            }
            else
            {
                answer = Page(query["labelSelector"].ToString(), after, int.Parse(query["limit"].ToString(), CultureInfo.InvariantCulture));
            }
        }
        if (answer.Count == 0)
        {
            await FakeApiServer.AnswerStatusAsync(context, 410, "The provided continue parameter is too old");
            return;
        }
        await FakeApiServer.AnswerAsync(context, answer);
    }

    public async Task WatchAsync(HttpContext context)
    {
        var query = context.Request.Query;
        var selector = query["labelSelector"].ToString();
        var from = long.Parse(query["resourceVersion"].ToString(), CultureInfo.InvariantCulture);
        Watch? watch = null;
        lock (_lock)
        {
            if (from >= _forgotten)
            {
                watch = new Watch(selector);
                _watches.Add(watch);
                foreach (var (version, line, before, after) in _history)
                {
                    if (version > from)
                    {
                        watch.Send(line, before, after);
                    }
                }
            }
        }
        if (watch is null && !SaysGoneInStream)
        {
            await FakeApiServer.AnswerStatusAsync(context, 410, "too old resource version");
            return;
        }
        context.Response.ContentType = "application/json";
        await context.Response.StartAsync();
        await context.Response.Body.FlushAsync();
        if (watch is null)
        {
            JsonObject gone = new() { ["type"] = "ERROR", ["object"] = FakeApiServer.StatusObject(410, "too old resource version") };
            await context.Response.WriteAsync(gone.ToJsonString() + "\n");
            return;
        }
        TellOpened();
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, watch.Cut.Token);
        try
        {
            await foreach (var line in watch.Lines.Reader.ReadAllAsync(ends.Token))
            {
                await context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(line + "\n"));
                await context.Response.Body.FlushAsync();
            }
        }
        catch (OperationCanceledException)
        {
            // Cut, or given up by whoever watches. The context may be another request's as soon as this has returned: it is aborted here.
            context.Abort();
        }
        lock (_lock)
        {
            _watches.Remove(watch);
        }
    }

    private JsonObject Page(string selector, string after, int limit)
    {
        var rest = _pods
            .Where(pod => Fits(pod.Value, selector) && string.CompareOrdinal(pod.Key, after) > 0)
            .Select(static pod => pod.Value)
            .ToList();
        JsonObject metadata = new() { ["resourceVersion"] = _version.ToString(CultureInfo.InvariantCulture) };
        if (rest.Count > limit)
        {
            metadata["continue"] = rest[limit - 1]["metadata"]!["name"]!.GetValue<string>();
            metadata["remainingItemCount"] = rest.Count - limit;
        }
        return new()
        {
            ["kind"] = "PodList",
            ["apiVersion"] = "v1",
            ["metadata"] = metadata,
            ["items"] = new JsonArray([.. rest.Take(limit).Select(static pod => pod.DeepClone())]),
        };
    }

    private void Tell(string type, JsonObject before, JsonObject after)
    {
        JsonObject line = new() { ["type"] = type, ["object"] = after.DeepClone() };
        var text = line.ToJsonString();
        _history.Add((_version, text, before, after));
        foreach (var watch in _watches)
        {
            watch.Send(text, before, after);
        }
    }

    private void TellOpened()
    {
        lock (_lock)
        {
            _opened++;
            foreach (var (count, opened) in _waiting)
            {
                if (_opened >= count)
                {
                    opened.TrySetResult();
                }
            }
        }
    }

    private void CloseAll(Action<Watch> close)
    {
        List<Watch> watches;
        lock (_lock)
        {
            watches = [.. _watches];
            _watches.Clear();
        }
        watches.ForEach(close);
    }

    private string NextVersion() => (++_version).ToString(CultureInfo.InvariantCulture);

    private static bool Fits(JsonObject pod, string selector)
    {
        var parts = selector.Split('=');
        return pod["metadata"]!["labels"]![parts[0]]?.GetValue<string>() == parts[1];
    }

    private sealed record Watch(string Selector)
    {
        /// <summary>As when the connection breaks.</summary>
        public CancellationTokenSource Cut { get; } = new();

        public Channel<string> Lines { get; } = Channel.CreateUnbounded<string>();

        /// <summary>One that begins to fit is added for whoever watches, and one that ceases to is deleted.</summary>
        public void Send(string line, JsonObject before, JsonObject after)
        {
            var fitted = Fits(before, Selector);
            var fits = Fits(after, Selector);
            if (!fitted && !fits)
            {
                return;
            }
            if (fitted != fits)
            {
                var changed = JsonNode.Parse(line)!;
                changed["type"] = fits ? "ADDED" : "DELETED";
                line = changed.ToJsonString();
            }
            Lines.Writer.TryWrite(line);
        }
    }
}
