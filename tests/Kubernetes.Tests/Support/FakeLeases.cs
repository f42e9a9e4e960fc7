using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace TlsGateway.Kubernetes.Tests.Support;

/// <summary>The leases of one namespace, as an API server has them and checks them.</summary>
internal sealed partial class FakeLeases
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, JsonObject> _leases = new(StringComparer.Ordinal);
    private long _version = 5000;

    /// <summary>A copy; null: none of that name.</summary>
    public JsonObject? Find(string name)
    {
        lock (_lock)
        {
            return _leases.GetValueOrDefault(name)?.DeepClone().AsObject();
        }
    }

    /// <summary>Who holds it; null: nobody.</summary>
    public string? HolderOf(string name) => Find(name)?["spec"]?["holderIdentity"]?.GetValue<string>();

    public string? VersionOf(string name) => Find(name)?["metadata"]?["resourceVersion"]?.GetValue<string>();

    /// <summary>As another member does.</summary>
    public void Put(string name, string? holder, int seconds, string renewTime)
    {
        lock (_lock)
        {
            JsonObject spec = new() { ["leaseDurationSeconds"] = seconds, ["renewTime"] = renewTime };
            if (holder is not null)
            {
                spec["holderIdentity"] = holder;
            }
            Keep(
                name,
                new()
                {
                    ["kind"] = "Lease",
                    ["apiVersion"] = "coordination.k8s.io/v1",
                    ["metadata"] = new JsonObject { ["name"] = name, ["uid"] = $"uid-{name}" },
                    ["spec"] = spec,
                }
            );
        }
    }

    /// <summary>As somebody does who writes a note on it.</summary>
    public void Annotate(string name)
    {
        lock (_lock)
        {
            var lease = _leases[name];
            lease["metadata"]!["annotations"] = new JsonObject { ["note"] = $"at {_version}" };
            Keep(name, lease);
        }
    }

    public void Delete(string name)
    {
        lock (_lock)
        {
            _leases.Remove(name);
        }
    }

    public Task GetAsync(HttpContext context, string name)
    {
        var lease = Find(name);
        return lease is null
            ? FakeApiServer.AnswerStatusAsync(context, 404, $"leases.coordination.k8s.io \"{name}\" not found")
            : FakeApiServer.AnswerAsync(context, lease);
    }

    public async Task CreateAsync(HttpContext context)
    {
        var lease = await ReadAsync(context);
        var name = lease["metadata"]!["name"]!.GetValue<string>();
        if (Problem(lease, name) is { } problem)
        {
            await FakeApiServer.AnswerStatusAsync(context, 422, problem);
            return;
        }
        JsonObject? kept = null;
        lock (_lock)
        {
            if (!_leases.ContainsKey(name))
            {
                lease["metadata"]!["uid"] = $"uid-{name}-{_version}";
                kept = Keep(name, lease);
            }
        }
        if (kept is null)
        {
            await FakeApiServer.AnswerStatusAsync(context, 409, $"leases.coordination.k8s.io \"{name}\" already exists");
            return;
        }
        context.Response.StatusCode = 201;
        await FakeApiServer.AnswerAsync(context, kept);
    }

    public async Task UpdateAsync(HttpContext context, string name)
    {
        var lease = await ReadAsync(context);
        if (Problem(lease, name) is { } problem)
        {
            await FakeApiServer.AnswerStatusAsync(context, 422, problem);
            return;
        }
        JsonObject? kept = null;
        var code = 404;
        lock (_lock)
        {
            if (_leases.TryGetValue(name, out var current))
            {
                code = 409;
                if (
                    lease["metadata"]!["resourceVersion"]?.GetValue<string>() == current["metadata"]!["resourceVersion"]!.GetValue<string>()
                )
                {
                    kept = Keep(name, lease);
                }
            }
        }
        await (
            kept is null
                ? FakeApiServer.AnswerStatusAsync(context, code, code == 404 ? "not found" : "the object has been modified")
                : FakeApiServer.AnswerAsync(context, kept)
        );
    }

    public Task DeleteAsync(HttpContext context, string name)
    {
        Delete(name);
        return FakeApiServer.AnswerAsync(context, new JsonObject { ["kind"] = "Status", ["status"] = "Success" });
    }

    private JsonObject Keep(string name, JsonObject lease)
    {
        lease["metadata"]!["resourceVersion"] = (++_version).ToString(CultureInfo.InvariantCulture);
        _leases[name] = lease;
        return lease.DeepClone().AsObject();
    }

    private static async Task<JsonObject> ReadAsync(HttpContext context) => (await JsonNode.ParseAsync(context.Request.Body))!.AsObject();

    /// <summary>The API server's own rules.</summary>
    private static string? Problem(JsonObject lease, string name)
    {
        var spec = lease["spec"]!;
        if (lease["metadata"]!["name"]!.GetValue<string>() != name || !DnsLabel().IsMatch(name))
        {
            return "metadata.name: Invalid value";
        }
        if (spec["holderIdentity"] is { } holder && holder.GetValue<string>().Length == 0)
        {
            return "spec.holderIdentity: must not be empty";
        }
        if (spec["leaseDurationSeconds"] is { } seconds && seconds.GetValue<int>() <= 0)
        {
            return "spec.leaseDurationSeconds: must be greater than 0";
        }
        foreach (var time in (string[])["acquireTime", "renewTime"])
        {
            if (spec[time] is { } value && !MicroTime().IsMatch(value.GetValue<string>()))
            {
                return $"spec.{time}: parsing time \"{value}\" as \"2006-01-02T15:04:05.000000Z07:00\"";
            }
        }
        return null;
    }

    [GeneratedRegex(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$", RegexOptions.None, 1000)]
    private static partial Regex MicroTime();

    [GeneratedRegex(@"^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$", RegexOptions.None, 1000)]
    private static partial Regex DnsLabel();
}
