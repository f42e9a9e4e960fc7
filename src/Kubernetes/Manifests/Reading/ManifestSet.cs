namespace TlsGateway.Kubernetes.Manifests.Reading;

/// <summary>All objects that are applied together.</summary>
internal sealed class ManifestSet(IReadOnlyList<ManifestDocument> documents, ManifestOptions options)
{
    public IReadOnlyList<ManifestDocument> Documents { get; } = documents;

    public IReadOnlyList<Workload> Workloads { get; } = [.. documents.Select(Workload.Of).OfType<Workload>()];

    public IEnumerable<(ManifestDocument Document, T Model)> Of<T>()
        where T : class =>
        Documents.Where(static document => document.Model is T).Select(static document => (document, (T)document.Model!));

    public IEnumerable<ManifestDocument> OfKind(string kind) => Documents.Where(document => document.Kind == kind);

    public ManifestDocument? Find(string kind, string space, string name) =>
        Documents.FirstOrDefault(document => document.Kind == kind && document.Namespace == space && document.Name == name);

    /// <summary>It is among the objects, or is said to be made elsewhere.</summary>
    public bool Exists(string kind, string space, string name) =>
        Find(kind, space, name) is not null
        || IsExternal(kind, name)
        // cert-manager writes it.
        || (kind == "Secret" && CertificateOf(space, name) is not null);

    public bool IsExternal(string kind, string name) => options.External.Contains($"{kind}/{name}", StringComparer.OrdinalIgnoreCase);

    /// <summary>The Certificate whose Secret this is.</summary>
    public ManifestDocument? CertificateOf(string space, string secret) =>
        OfKind("Certificate").FirstOrDefault(document => document.Namespace == space && document.Text("spec.secretName") == secret);

    /// <summary>The keys of a ConfigMap or Secret; null: it is not among the objects, and its keys are not known.</summary>
    public IReadOnlySet<string>? KeysOf(string kind, string space, string name)
    {
        if (kind == "Secret" && CertificateOf(space, name) is not null)
        {
            return CertificateKeys;
        }
        return Find(kind, space, name) is { } document
            ? DataKeys.SelectMany(document.Texts).Select(static pair => pair.Key).ToHashSet(StringComparer.Ordinal)
            : null;
    }

    /// <summary>The rest of a message about one that does not exist.</summary>
    public string Missing(string kind, string space, string name)
    {
        var where = space.Length == 0 ? "" : $" in namespace {space}";
        var others = Documents
            .Where(document => document.Kind == kind && document.Namespace == space)
            .Select(static document => document.Name)
            .ToList();
        var known = others.Count == 0 ? "" : $" There are: {string.Join(", ", others)}.";
        return $"names {kind} {name}, which is not among the manifests{where}.{known} Correct the name, add it, or say that it is made elsewhere: --external {kind}/{name}";
    }

    private static readonly HashSet<string> CertificateKeys = new(StringComparer.Ordinal) { "tls.crt", "tls.key", "ca.crt" };

    private static readonly string[] DataKeys = ["data", "binaryData", "stringData"];
}
