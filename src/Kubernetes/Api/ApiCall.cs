namespace TlsGateway.Kubernetes.Api;

/// <summary>A request in the words of Kubernetes' access rules.</summary>
/// <param name="Verb">get, list, watch, create, update or delete.</param>
/// <param name="Group">The API group; empty for the core.</param>
/// <param name="Resource">Plural.</param>
/// <param name="Namespace">Where.</param>
/// <param name="Name">Empty: all of them.</param>
internal readonly record struct ApiCall(string Verb, string Group, string Resource, string Namespace, string Name)
{
    public bool IsWatch => Verb == "watch";

    /// <summary>What the service account needs to be allowed.</summary>
    public string Permission =>
        $"verb '{Verb}' on resource '{Resource}'{(Group.Length > 0 ? $" of API group '{Group}'" : "")} in namespace '{Namespace}'";

    /// <summary>Reads <c>/api/v1/namespaces/N/R[/NAME]</c> and <c>/apis/G/V/namespaces/N/R[/NAME]</c>.</summary>
    public static ApiCall Of(HttpRequestMessage request)
    {
        var parts = request.RequestUri!.AbsolutePath.Split('/', StringSplitOptions.RemoveEmptyEntries);
        var start = Array.IndexOf(parts, "namespaces");
        var group = start == 3 ? parts[1] : "";
        var name = Part(start + 3);
        return new(VerbOf(request, name.Length > 0), group, Part(start + 2), Part(start + 1), name);

        string Part(int at) => start >= 0 && at < parts.Length ? Uri.UnescapeDataString(parts[at]) : "";
    }

    public override string ToString() =>
        Name.Length > 0 ? $"{Verb} {Resource} '{Name}' in namespace '{Namespace}'" : $"{Verb} {Resource} in namespace '{Namespace}'";

    private static string VerbOf(HttpRequestMessage request, bool isNamed)
    {
        if (request.Method == HttpMethod.Post)
        {
            return "create";
        }
        if (request.Method == HttpMethod.Put)
        {
            return "update";
        }
        if (request.Method != HttpMethod.Get)
        {
            return "delete";
        }
        if (isNamed)
        {
            return "get";
        }
        return request.RequestUri!.Query.Contains("watch=true", StringComparison.Ordinal) ? "watch" : "list";
    }
}
