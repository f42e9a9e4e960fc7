using System.Reflection;
using k8s;
using TlsGateway.Kubernetes.Manifests.Shapes;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace TlsGateway.Kubernetes.Manifests.Reading;

/// <summary>Splits a file into documents, holds each against its kind's shape and loads it into KubernetesClient's class.</summary>
internal sealed class ManifestReader(List<ManifestProblem> problems)
{
    /// <summary>A rendered overlay has some dozens of KiB, dashboards included.</summary>
    private const int MaxCharacters = 16 * 1024 * 1024;

    /// <summary>A pod is twelve levels deep; more is an attempt to exhaust the stack.</summary>
    private const int MaxDepth = 64;

    public List<ManifestDocument> Read(ManifestFile file)
    {
        List<ManifestDocument> documents = [];
        if (file.Text.Length > MaxCharacters)
        {
            problems.Add(
                new(file.Name, 1, "file", "", $"has more than {MaxCharacters} characters. Are these manifests? Give the files one by one.")
            );
            return documents;
        }
        var number = 0;
        var before = problems.Count;
        foreach (var (linesBefore, text) in Split(file.Text))
        {
            if (Parse(file.Name, linesBefore, text, number + 1) is { } document)
            {
                number++;
                documents.Add(document);
            }
        }
        if (number == 0 && problems.Count == before)
        {
            problems.Add(new(file.Name, 1, "file", "", "has no object in it. Give what `kubectl kustomize FOLDER` prints."));
        }
        return documents;
    }

    private ManifestDocument? Parse(string file, int linesBefore, string text, int number)
    {
        if (DepthProblem(text) is { } tooDeep)
        {
            problems.Add(new(file, linesBefore + 1, Ordinal(number), "", tooDeep));
            return null;
        }
        YamlStream stream = [];
        try
        {
            stream.Load(new StringReader(text));
        }
        catch (YamlException broken)
        {
            problems.Add(
                new(
                    file,
                    linesBefore + (int)Math.Max(1, broken.Start.Line),
                    Ordinal(number),
                    "",
                    $"is no valid YAML: {broken.Message.TrimEnd('.')}. Check indentation, colons and quotes, and keys that occur twice."
                )
            );
            return null;
        }
        if (stream.Documents.Count == 0 || stream.Documents[0].RootNode is YamlScalarNode { Value: null or "" })
        {
            return null;
        }
        if (stream.Documents[0].RootNode is not YamlMappingNode root)
        {
            problems.Add(new(file, linesBefore + 1, Ordinal(number), "", "is no object: it has no keys. Remove it."));
            return null;
        }
        return Load(new ManifestDocument(file, linesBefore, number, root), text);
    }

    private ManifestDocument Load(ManifestDocument document, string text)
    {
        if (document.ApiVersion.Length == 0 || document.Kind.Length == 0)
        {
            problems.Add(document.Problem("", "has no apiVersion or no kind. Kubernetes needs both."));
            return document;
        }
        if (document.Name.Length == 0)
        {
            problems.Add(document.Problem("metadata", "has no name. Set metadata.name."));
        }
        if (CustomResourceShapes.Find(document.ApiVersion, document.Kind) is { } custom)
        {
            new ShapeValidator(document, problems).Validate(custom);
            return document;
        }
        if (ModelShapes.Find(document.ApiVersion, document.Kind) is not { } type)
        {
            problems.Add(
                document.Problem(
                    "kind",
                    $"{document.ApiVersion} {document.Kind} is not known.{ModelShapes.Suggest(document.ApiVersion, document.Kind)}"
                )
            );
            return document;
        }
        var before = problems.Count;
        ShapeValidator validator = new(document, problems);
        validator.Validate(ModelShapes.Of(type));
        return validator.HasHoles
            ? document
            : document with
            {
                Model = LoadModel(document, type, text, isStrict: problems.Count == before),
            };
    }

    /// <summary>Null: it does not fit, which is among the problems.</summary>
    private object? LoadModel(ManifestDocument document, Type type, string text, bool isStrict)
    {
        try
        {
            return KubernetesYaml
                .LoadAllFromString(text, new Dictionary<string, Type> { [$"{document.ApiVersion}/{document.Kind}"] = type }, isStrict)
                .FirstOrDefault();
        }
        catch (Exception unfit)
            when (unfit is YamlException or TargetInvocationException or FormatException or ArgumentException or OverflowException)
        {
            if (isStrict)
            {
                problems.Add(document.Problem("", $"does not fit {type.Name}: {(unfit.InnerException ?? unfit).Message}"));
            }
            return null;
        }
    }

    private static string Ordinal(int number) => FormattableString.Invariant($"document {number}");

    /// <summary>Documents with the number of lines above each. In YAML nothing but a separator begins a line with three hyphens: block text is indented.</summary>
    private static IEnumerable<(int LinesBefore, string Text)> Split(string text)
    {
        var lines = text.Split('\n');
        var from = 0;
        for (var line = 0; line <= lines.Length; line++)
        {
            if (line == lines.Length || IsSeparator(lines[line]))
            {
                yield return (from, string.Join('\n', lines[from..line]));
                from = line + 1;
            }
        }
    }

    private static bool IsSeparator(string line) =>
        line.StartsWith("---", StringComparison.Ordinal) && line.AsSpan(3).Trim() is var rest && (rest.IsEmpty || rest[0] == '#');

    /// <summary>YamlDotNet builds nodes by recursion.</summary>
    private static string? DepthProblem(string text)
    {
        var depth = 0;
        Parser parser = new(new StringReader(text));
        try
        {
            while (parser.MoveNext())
            {
                depth += parser.Current!.NestingIncrease;
                if (depth > MaxDepth)
                {
                    return $"is nested more than {MaxDepth} levels deep. No object of Kubernetes is.";
                }
                if (parser.Current is YamlDotNet.Core.Events.AnchorAlias)
                {
                    return "has aliases, by which a short file can become gigabytes. Write values out where they are used.";
                }
            }
        }
        catch (YamlException)
        {
            // Said by who loads it.
        }
        return null;
    }
}
