using System.Net;
using System.Text.Json;
using Microsoft.OpenApi;
using TlsGateway.Interop.Tests.Support;
using TlsGateway.Tls;

namespace TlsGateway.Interop.Tests.Admin;

/// <summary>The admin API's own description, held against what the gateway answers.</summary>
public sealed class OpenApiTests : IDisposable
{
    private readonly TestCertificates _certificates = new();
    private readonly HttpClient _http = new();

    public void Dispose()
    {
        _certificates.Dispose();
        _http.Dispose();
    }

    [Fact]
    public async Task Answers_are_as_the_document_says()
    {
        await using var upstream = TestUpstream.Echo();
        await using var gateway = await StartAsync(upstream);
        using var client = EngineClient.Open(new(IPAddress.Loopback, gateway.Port), TlsVersion.Tls12);
        client.AssertEchoes("shown");
        Assert.Equal(TlsStatus.Done, client.Session.Write(new byte[100], out _));
        client.FlushFirst(50);
        var id = (await GetAsync(gateway, "/connections")).GetProperty("connections")[0].GetProperty("id").GetString()!;
        // A stall that has ended and one that runs are described too.
        await RunningGateway.UntilAsync(
            () => GetAsync(gateway, "/connections/" + id).GetAwaiter().GetResult().TryGetProperty("stall", out _),
            "it is stalled"
        );

        var document = await GetAsync(gateway, "/openapi.json");
        var checkedPaths = 0;
        foreach (var path in document.GetProperty("paths").EnumerateObject())
        {
            if (!path.Value.TryGetProperty("get", out var get))
                continue;
            var ok = get.GetProperty("responses").GetProperty("200").GetProperty("content").EnumerateObject().Single();
            var at = path.Name.Replace("{id}", id, StringComparison.Ordinal);
            using var answer = await _http.GetAsync(new Uri(gateway.Admin, at));
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            if (ok.Name == "application/json")
                AssertIs(document, ok.Value.GetProperty("schema"), await GetAsync(gateway, at), at);
            checkedPaths++;
        }

        Assert.True(checkedPaths >= 15, $"{checkedPaths} paths");
        var sorted = await GetAsync(gateway, "/connections?sort=age");
        AssertIs(document, Schema(document, "ConnectionsView"), sorted, "sorted");
        using var refused = await _http.GetAsync(new Uri(gateway.Admin, "/connections?limit=0"));
        var problem = JsonSerializer.Deserialize<JsonElement>(await refused.Content.ReadAsStringAsync());
        AssertIs(document, Schema(document, "ProblemView"), problem, "problem");
    }

    [Fact]
    public async Task The_document_is_one()
    {
        await using var upstream = TestUpstream.Echo();
        await using var gateway = await StartAsync(upstream);
        var read = OpenApiDocument.Parse(await _http.GetStringAsync(new Uri(gateway.Admin, "/openapi.json")), "json");
        Assert.Empty(read.Diagnostic!.Errors);
        var operations = read.Document!.Paths.SelectMany(
                static path => path.Value.Operations!,
                static (path, one) => (Path: path.Key, one.Key, one.Value)
            )
            .ToList();
        Assert.All(operations, static one => Assert.False(string.IsNullOrEmpty(one.Value.Summary), one.Path));
        // Health is for everybody, all else is protected.
        var open = operations.Where(static one => one.Value.Security is not { Count: > 0 }).Select(static one => one.Path);
        Assert.Equal(["/healthz", "/livez", "/ready", "/readyz"], open.Order(StringComparer.Ordinal));
    }

    /// <summary>JSON Schema as far as the document uses it. What a schema does not know is an error: the document would be incomplete.</summary>
    private static void AssertIs(JsonElement document, JsonElement schema, JsonElement value, string at)
    {
        if (schema.TryGetProperty("$ref", out var reference))
        {
            AssertIs(document, Schema(document, reference.GetString()!.Split('/')[^1]), value, at);
        }
        else if (schema.TryGetProperty("oneOf", out var choices))
        {
            AssertIs(document, choices.EnumerateArray().Single(static one => one.TryGetProperty("$ref", out _)), value, at);
        }
        else if (value.ValueKind == JsonValueKind.Object && schema.TryGetProperty("additionalProperties", out var all))
        {
            foreach (var property in value.EnumerateObject())
                AssertIs(document, all, property.Value, $"{at}.{property.Name}");
        }
        else if (value.ValueKind == JsonValueKind.Object)
        {
            var known = schema.GetProperty("properties");
            foreach (var property in value.EnumerateObject())
            {
                Assert.True(known.TryGetProperty(property.Name, out var its), $"{at}.{property.Name} is not in the document");
                AssertIs(document, its, property.Value, $"{at}.{property.Name}");
            }

            foreach (var required in schema.TryGetProperty("required", out var names) ? names.EnumerateArray().ToList() : [])
                Assert.True(value.TryGetProperty(required.GetString()!, out _), $"{at}.{required} is missing");
        }
        else if (value.ValueKind == JsonValueKind.Array)
        {
            foreach (var (index, item) in value.EnumerateArray().Index())
                AssertIs(document, schema.GetProperty("items"), item, $"{at}[{index}]");
        }
        else
        {
            var type = schema.GetProperty("type");
            var types =
                type.ValueKind == JsonValueKind.Array
                    ? type.EnumerateArray().Select(static one => one.GetString()).ToList()
                    : [type.GetString()];
            Assert.Contains(
                value.ValueKind switch
                {
                    JsonValueKind.String => "string",
                    JsonValueKind.Number when types.Contains("integer") && value.TryGetInt64(out _) => "integer",
                    JsonValueKind.Number => "number",
                    _ => "boolean",
                },
                types
            );
        }
    }

    private static JsonElement Schema(JsonElement document, string name) =>
        document.GetProperty("components").GetProperty("schemas").GetProperty(name);

    private async Task<JsonElement> GetAsync(GatewayProgram gateway, string path) =>
        JsonSerializer.Deserialize<JsonElement>(await _http.GetStringAsync(new Uri(gateway.Admin, path)));

    private async Task<GatewayProgram> StartAsync(TestUpstream upstream)
    {
        var pem = Path.Combine(_certificates.Folder, "server.pem");
        await File.WriteAllTextAsync(pem, _certificates.Localhost.ChainPem + "\n" + _certificates.Localhost.KeyPem);
        return await GatewayProgram.StartAsync(
            _certificates.Folder,
            $$"""
            admin: { bind: 127.0.0.1:0 }
            limits: { connections: 5000, perClient: { connections: 100 } }
            listeners:
              - name: web
                bind: 127.0.0.1:0
                upstream: echo
                routes: [ { name: old, sni: [ old.example ], reject: unrecognized_name } ]
                tls: { certificates: [ { certificate: {{pem}}, key: {{pem}} } ] }
            upstreams:
              echo: { address: "{{upstream.EndPoint}}", health: { check: tcp } }
            """
        );
    }
}
