using System.Buffers;
using System.Text.Json;
using k8s;
using k8s.Models;
using TlsGateway.Kubernetes.Api;

namespace TlsGateway.Kubernetes.Discovery;

/// <summary>A line of a watch.</summary>
/// <param name="Pod">Null: nothing has changed until the version (a bookmark).</param>
/// <param name="IsDeleted">The pod is gone, or no longer one of those that are watched.</param>
/// <param name="ResourceVersion">From which a next watch goes on.</param>
internal sealed record PodEvent(V1Pod? Pod, bool IsDeleted, string ResourceVersion)
{
    /// <exception cref="KubernetesApiException">The line says an error, or is none of the protocol's.</exception>
    public static PodEvent Parse(ReadOnlySequence<byte> line)
    {
        try
        {
            using var json = JsonDocument.Parse(line);
            var type = json.RootElement.GetProperty("type").GetString();
            var element = json.RootElement.GetProperty("object");
            if (type == "ERROR")
            {
                throw ErrorOf(element);
            }
            if (type == "BOOKMARK")
            {
                return new(null, false, VersionOf(element));
            }
            if (type is not ("ADDED" or "MODIFIED" or "DELETED"))
            {
                throw new KubernetesApiException(
                    ApiFault.Malformed,
                    $"watch pods: an event of the unknown type '{ApiHandler.Tidy(type)}'."
                );
            }
            var pod = KubernetesJson.Deserialize<V1Pod>(element);
            return new(pod, type == "DELETED", VersionOf(element));
        }
        catch (Exception failed) when (ApiServer.IsUnreadable(failed) || failed is KeyNotFoundException)
        {
            throw new KubernetesApiException(
                ApiFault.Malformed,
                $"watch pods: a line cannot be read: {ApiHandler.Tidy(failed.Message)}",
                failed
            );
        }
    }

    private static string VersionOf(JsonElement element) =>
        element.GetProperty("metadata").GetProperty("resourceVersion").GetString() ?? throw new FormatException("resourceVersion is null");

    private static KubernetesApiException ErrorOf(JsonElement status)
    {
        var code = status.TryGetProperty("code", out var number) && number.TryGetInt32(out var value) ? value : 500;
        var words = status.TryGetProperty("message", out var message) ? ApiHandler.Tidy(message.GetString()) : "";
        var retryAfter =
            status.TryGetProperty("details", out var details)
            && details.ValueKind == JsonValueKind.Object
            && details.TryGetProperty("retryAfterSeconds", out var seconds)
            && seconds.TryGetInt32(out var wait)
            && wait is > 0 and <= 300
                ? TimeSpan.FromSeconds(wait)
                : (TimeSpan?)null;
        return new(ApiHandler.FaultOf(code), $"watch pods: the API server ended the watch: {code}, \"{words}\".", retryAfter: retryAfter);
    }
}
