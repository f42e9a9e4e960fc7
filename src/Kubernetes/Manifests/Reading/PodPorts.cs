using System.Globalization;
using k8s.Models;

namespace TlsGateway.Kubernetes.Manifests.Reading;

/// <summary>Container ports by number or name.</summary>
internal static class PodPorts
{
    public static IEnumerable<V1ContainerPort> Of(Workload workload) =>
        workload.Containers.SelectMany(static found => found.Container.Ports ?? []);

    /// <summary>The number that a port given by number or name is in one of these; null: it is in none. A port without a name need not be declared.</summary>
    public static int? Resolve(IEnumerable<V1ContainerPort> ports, string? text)
    {
        if (text is null)
        {
            return null;
        }
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : ports.FirstOrDefault(port => port.Name == text)?.ContainerPort;
    }

    public static bool IsDeclared(IEnumerable<V1ContainerPort> ports, string? text) =>
        Resolve(ports, text) is { } number && ports.Any(port => port.ContainerPort == number);

    public static string Describe(IEnumerable<V1ContainerPort> ports)
    {
        var all = string.Join(
            ", ",
            ports.Select(static port =>
                FormattableString.Invariant($"{(port.Name is { Length: > 0 } name ? name + " " : "")}{port.ContainerPort}")
            )
        );
        return all.Length == 0 ? "none" : all;
    }
}
