using k8s.Models;

namespace TlsGateway.Kubernetes.Manifests.Reading;

/// <summary>Labels and what selects by them.</summary>
internal static class Labels
{
    public static bool Select(IEnumerable<KeyValuePair<string, string>>? selector, IReadOnlyDictionary<string, string> labels) =>
        selector is not null && selector.All(wanted => labels.TryGetValue(wanted.Key, out var value) && value == wanted.Value);

    /// <summary>An empty selector selects all, as Kubernetes has it; one that is not there selects none.</summary>
    public static bool Select(V1LabelSelector? selector, IReadOnlyDictionary<string, string> labels) =>
        selector is not null
        && Select(selector.MatchLabels ?? new Dictionary<string, string>(), labels)
        && (selector.MatchExpressions ?? []).All(wanted => Matches(wanted, labels));

    public static string Describe(IEnumerable<KeyValuePair<string, string>>? labels) =>
        labels is null || !labels.Any() ? "none" : string.Join(", ", labels.Select(static label => $"{label.Key}={label.Value}"));

    public static string Describe(V1LabelSelector? selector) =>
        string.Join(
            ", ",
            (selector?.MatchLabels ?? new Dictionary<string, string>())
                .Select(static label => $"{label.Key}={label.Value}")
                .Concat(
                    (selector?.MatchExpressions ?? []).Select(static wanted =>
                        $"{wanted.Key} {wanted.OperatorProperty} {string.Join("|", wanted.Values ?? [])}".TrimEnd()
                    )
                )
        );

    private static bool Matches(V1LabelSelectorRequirement wanted, IReadOnlyDictionary<string, string> labels)
    {
        var isThere = labels.TryGetValue(wanted.Key, out var value);
        return wanted.OperatorProperty switch
        {
            "In" => isThere && (wanted.Values ?? []).Contains(value!),
            "NotIn" => !isThere || !(wanted.Values ?? []).Contains(value!),
            "Exists" => isThere,
            "DoesNotExist" => !isThere,
            _ => false,
        };
    }
}
