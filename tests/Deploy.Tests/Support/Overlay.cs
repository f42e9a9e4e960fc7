using System.Collections.Concurrent;
using TlsGateway.Gateway.Commands.Manifests;
using TlsGateway.Kubernetes.Manifests;

namespace TlsGateway.Deploy.Tests.Support;

/// <summary>A folder of deploy/k8s, as kubectl renders it.</summary>
/// <param name="Folder">In deploy/k8s.</param>
/// <param name="External">What it expects to be there.</param>
internal sealed record Overlay(string Folder, params string[] External)
{
    private static readonly ConcurrentDictionary<string, Task<string>> Rendered = new(StringComparer.Ordinal);

    public static Overlay Dev { get; } = new("overlays/dev");

    public static Overlay Production { get; } =
        new("overlays/production", "Secret/tls-gateway-read-token", "Secret/tls-gateway-admin-token");

    public static Overlay Deployment { get; } =
        new(
            "overlays/deployment",
            "Secret/tls-gateway-read-token",
            "Secret/tls-gateway-admin-token",
            "Secret/gateway-edge-tls",
            "Secret/gateway-members-tls"
        );

    public static Overlay Monitoring { get; } = new("monitoring", "Secret/tls-gateway-read-token");

    public static Overlay Named(string name) =>
        name switch
        {
            "dev" => Dev,
            "production" => Production,
            "deployment" => Deployment,
            _ => throw new ArgumentOutOfRangeException(nameof(name), name, "No such overlay."),
        };

    /// <summary>What would be applied; skips the test where there is no kubectl.</summary>
    public Task<string> RenderAsync()
    {
        var kubectl = Programs.Require("kubectl");
        return Rendered.GetOrAdd(Folder, folder => Programs.RunAsync("", kubectl, "kustomize", Repository.Path("deploy", "k8s", folder)));
    }

    /// <summary>What the checker finds in a text in the place of this overlay's.</summary>
    public IReadOnlyList<ManifestProblem> Check(string text) =>
        ManifestChecker.Check(
            [new ManifestFile("all.yaml", text)],
            new ManifestOptions { External = External, ReadGateway = EmbeddedConfiguration.Read }
        );

    /// <summary>What the checker finds when <paramref name="right"/>, which is there, is replaced by <paramref name="wrong"/>.</summary>
    public async Task<IReadOnlyList<ManifestProblem>> PlantAsync(string right, string wrong)
    {
        var text = await RenderAsync();
        var at = text.IndexOf(right, StringComparison.Ordinal);
        Assert.True(at >= 0, $"'{right}' is not in {Folder}:\n{text}");
        return Check(text[..at] + wrong + text[(at + right.Length)..]);
    }

    /// <summary>As <see cref="PlantAsync"/>, in the document that has <paramref name="marker"/> in it.</summary>
    public async Task<IReadOnlyList<ManifestProblem>> PlantInAsync(string marker, string right, string wrong)
    {
        var documents = (await RenderAsync()).Split("\n---\n");
        var index = Array.FindIndex(documents, document => document.Contains(marker, StringComparison.Ordinal));
        Assert.True(
            index >= 0 && documents[index].Contains(right, StringComparison.Ordinal),
            $"'{right}' is in no document with '{marker}'."
        );
        documents[index] = documents[index].Replace(right, wrong, StringComparison.Ordinal);
        return Check(string.Join("\n---\n", documents));
    }
}
