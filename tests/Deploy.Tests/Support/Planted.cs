using TlsGateway.Kubernetes.Manifests;

namespace TlsGateway.Deploy.Tests.Support;

/// <summary>What has to be found of a planted fault: it, at its place, with what to do, and nothing else, unless something follows from it.</summary>
internal static class Planted
{
    public static void Expect(IReadOnlyList<ManifestProblem> problems, string document, string path, string message) =>
        Expect(problems, [(document, path, message)]);

    /// <summary>These and no others, at lines that are in the file.</summary>
    public static void Expect(IReadOnlyList<ManifestProblem> problems, (string Document, string Path, string Message)[] expected)
    {
        foreach (var (document, path, message) in expected)
        {
            Found(problems, document, path, message);
        }
        Assert.All(
            problems,
            problem =>
                Assert.Contains(
                    expected,
                    one => problem.Document.StartsWith(one.Document, StringComparison.Ordinal) && problem.Path == one.Path
                )
        );
    }

    public static void Found(IReadOnlyList<ManifestProblem> problems, string document, string path, string message) =>
        Assert.True(
            problems.Any(problem =>
                problem.Document.StartsWith(document, StringComparison.Ordinal)
                && problem.Path == path
                && problem.Message.Contains(message, StringComparison.Ordinal)
                && problem.Line > 1
            ),
            $"expected: {document}: {path}: … {message} …\nfound:\n{string.Join('\n', problems)}"
        );
}
