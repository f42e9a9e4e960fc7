using System.Runtime.CompilerServices;

namespace TlsGateway.Interop.Tests.Support;

/// <summary>Parts of documents that are made from the program: between <c>&lt;!-- name --&gt;</c> and <c>&lt;!-- /name --&gt;</c>.</summary>
internal static class GeneratedDocument
{
    /// <summary>The part is as expected. With GATEWAY_WRITE_DOCS=1 it is written instead.</summary>
    public static void Check(string document, string name, string expected, [CallerFilePath] string here = "")
    {
        var path = Path.Combine(Folder(here), "docs", document);
        var text = File.ReadAllText(path);
        var (begin, end) = ($"<!-- {name} -->\n", $"<!-- /{name} -->");
        var from = text.IndexOf(begin, StringComparison.Ordinal) + begin.Length;
        var to = text.IndexOf(end, StringComparison.Ordinal);
        Assert.True(from >= begin.Length && to >= from, $"docs/{document} has no part {name}");
        if (Environment.GetEnvironmentVariable("GATEWAY_WRITE_DOCS") == "1")
            File.WriteAllText(path, text[..from] + expected + text[to..]);
        else
            Assert.True(
                expected == text[from..to],
                $"docs/{document} does not say what there is; run this test with GATEWAY_WRITE_DOCS=1 and read what it wrote:\n{expected}"
            );
    }

    private static string Folder(string here)
    {
        var folder = Path.GetDirectoryName(here)!;
        while (!File.Exists(Path.Combine(folder, "Gateway.sln")))
            folder = Path.GetDirectoryName(folder)!;
        return folder;
    }
}
