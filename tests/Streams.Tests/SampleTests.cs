namespace TlsGateway.Streams.Tests;

/// <summary>The code of docs/STREAMS.md is the sample that was compiled with these tests.</summary>
public sealed class SampleTests
{
    [Fact]
    public void The_documents_code_is_the_samples()
    {
        var root = Root(AppContext.BaseDirectory);
        var document = File.ReadAllText(Path.Combine(root, "docs", "STREAMS.md"));
        var sample = File.ReadAllText(Path.Combine(root, "samples", "StreamsEcho", "Program.cs"));

        Assert.Contains($"```csharp\n{sample}```\n", document, StringComparison.Ordinal);
    }

    private static string Root(string folder) =>
        File.Exists(Path.Combine(folder, "Gateway.sln")) ? folder : Root(Directory.GetParent(folder)!.FullName);
}
