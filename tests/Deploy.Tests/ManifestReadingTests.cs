using TlsGateway.Deploy.Tests.Support;
using TlsGateway.Kubernetes.Manifests;

namespace TlsGateway.Deploy.Tests;

/// <summary>Text that is no manifest, or hardly one.</summary>
public sealed class ManifestReadingTests
{
    private const string ConfigMap = """
        apiVersion: v1
        kind: ConfigMap
        metadata: { name: one }
        data: { a: b }

        """;

    [Fact]
    public void Problems_have_the_line_of_the_file_not_of_the_document() =>
        Assert.Equal(
            "m.yaml:12: ConfigMap two: data.b: is a section with keys. Write a single value.",
            Assert
                .Single(Check($"{ConfigMap}---\n# two\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: two\ndata:\n  b: {{ c: d }}\n"))
                .ToString()
                .Replace("[b]", ".b", StringComparison.Ordinal)
        );

    [Fact]
    public void Documents_without_content_do_not_count() => Assert.Empty(Check($"---\n# nothing\n---\n{ConfigMap}---\n"));

    [Fact]
    public void A_file_without_objects_is_a_mistake() =>
        Assert.Contains("has no object in it", Assert.Single(Check("# nothing\n")).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("a: [", "is no valid YAML")]
    [InlineData("a: 1\na: 2\n", "is no valid YAML")]
    [InlineData("- a\n", "is no object")]
    [InlineData("a: &x [1]\nb: *x\n", "has aliases")]
    [InlineData("a: 1\n", "has no apiVersion or no kind")]
    [InlineData("apiVersion: v1\nkind: Pot\nmetadata: { name: a }\n", "v1 Pot is not known. Did you mean Pod?")]
    [InlineData("apiVersion: v1\nkind: ConfigMap\n", "has no name")]
    public void What_is_no_object_is_said(string text, string message) =>
        Assert.Contains(message, Assert.Single(Check(text)).Message, StringComparison.Ordinal);

    [Fact]
    public void Nesting_without_end_is_refused() =>
        Assert.Contains("is nested more than", Assert.Single(Check($"a: {new string('[', 100_000)}")).Message, StringComparison.Ordinal);

    [Fact]
    public void A_number_that_has_to_be_there_is_missed() =>
        Assert.Contains(
            Check("apiVersion: v1\nkind: Service\nmetadata: { name: a }\nspec:\n  ports:\n    - name: https\n"),
            static problem =>
                problem is { Path: "spec.ports[0].port", Line: 6 } && problem.Message.StartsWith("is missing", StringComparison.Ordinal)
        );

    [Fact]
    public void A_manifest_that_is_cut_off_anywhere_is_told_and_nothing_is_thrown()
    {
        foreach (var file in Directory.GetFiles(Repository.Path("deploy", "k8s"), "*.yaml", SearchOption.AllDirectories))
        {
            var text = File.ReadAllText(file);
            for (var length = 0; length < text.Length; length += 97)
            {
                Check(text[..length]);
            }
        }
    }

    /// <summary>Whatever is not there, the rest can be checked.</summary>
    [Theory]
    [InlineData("dev")]
    [InlineData("deployment")]
    public async Task A_line_that_is_missing_anywhere_is_told_and_nothing_is_thrown(string name)
    {
        var overlay = Overlay.Named(name);
        var lines = (await overlay.RenderAsync()).Split('\n');
        var right = 0;
        for (var missing = 0; missing < lines.Length; missing++)
        {
            right += overlay.Check(string.Join('\n', lines.Where((_, index) => index != missing))).Count == 0 ? 1 : 0;
        }
        // Most lines are needed; labels, comments and defaults are not.
        Assert.InRange(right, 1, lines.Length / 2);
    }

    private static IReadOnlyList<ManifestProblem> Check(string text) =>
        ManifestChecker.Check([new ManifestFile("m.yaml", text)], new ManifestOptions());
}
