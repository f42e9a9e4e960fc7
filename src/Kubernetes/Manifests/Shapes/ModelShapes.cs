using System.Collections.Concurrent;
using System.Reflection;
using System.Text.Json.Serialization;
using k8s;
using k8s.Models;

namespace TlsGateway.Kubernetes.Manifests.Shapes;

/// <summary>Shapes of Kubernetes' own kinds, from KubernetesClient's classes.</summary>
internal static class ModelShapes
{
    private static readonly ConcurrentDictionary<Type, FieldShape> Known = new();

    private static readonly Dictionary<(string ApiVersion, string Kind), Type> Types = typeof(V1Pod)
        .Assembly.GetExportedTypes()
        .Select(static type => (Type: type, Entity: type.GetCustomAttribute<KubernetesEntityAttribute>()))
        .Where(static found => found.Entity is not null && !found.Type.IsAbstract)
        .GroupBy(static found => (ApiVersionOf(found.Entity!), found.Entity!.Kind))
        .ToDictionary(static group => group.Key, static group => group.First().Type);

    public static Type? Find(string apiVersion, string kind) => Types.GetValueOrDefault((apiVersion, kind));

    /// <summary>What may have been meant, as the rest of a message.</summary>
    public static string Suggest(string apiVersion, string kind)
    {
        var versions = Types
            .Keys.Where(key => key.Kind == kind)
            .Select(static key => key.ApiVersion)
            .Order(StringComparer.Ordinal)
            .ToList();
        if (versions.Count > 0)
        {
            return $" {kind} is of {string.Join(" or ", versions)}.";
        }
        var kinds = Types.Keys.Where(key => key.ApiVersion == apiVersion).Select(static key => key.Kind);
        return Nearest.To(kind, kinds) is { } nearest
            ? $" Did you mean {nearest}?"
            : " Is it a custom resource that this check does not know?";
    }

    public static FieldShape Of(Type type) => Known.GetOrAdd(Nullable.GetUnderlyingType(type) ?? type, Make);

    private static FieldShape Make(Type type)
    {
        if (type == typeof(string) || type == typeof(byte[]) || type == typeof(DateTime))
        {
            return FieldShape.Text;
        }
        if (type == typeof(int) || type == typeof(long))
        {
            return FieldShape.Number;
        }
        if (type == typeof(double))
        {
            return new ScalarShape(ScalarKind.Number);
        }
        if (type == typeof(bool))
        {
            return FieldShape.Switch;
        }
        if (type == typeof(IntOrString) || type == typeof(ResourceQuantity))
        {
            return FieldShape.NumberOrText;
        }
        if (type.IsGenericType && type.GetGenericArguments() is [var key, var value] && key == typeof(string))
        {
            return FieldShape.MapOf(Of(value));
        }
        if (type.IsGenericType && type.GetGenericArguments() is [var item])
        {
            return FieldShape.ListOf(Of(item));
        }
        return type == typeof(object) || !type.GetProperties().Any(static property => KeyOf(property) is not null)
            ? FieldShape.Anything
            : new ObjectShape(new(() => FieldsOf(type)));
    }

    private static ObjectFields FieldsOf(Type type)
    {
        var properties = type.GetProperties().Where(static property => KeyOf(property) is not null).ToList();
        return new ObjectFields(
            properties.ToDictionary(
                static property => KeyOf(property)!,
                static property => Of(property.PropertyType),
                StringComparer.Ordinal
            ),
            // A number that cannot be left out is no Nullable.
            [
                .. properties
                    .Where(static property =>
                        property.PropertyType.IsValueType && Nullable.GetUnderlyingType(property.PropertyType) is null
                    )
                    .Select(static property => KeyOf(property)!),
            ]
        );
    }

    private static string? KeyOf(PropertyInfo property) => property.GetCustomAttribute<JsonPropertyNameAttribute>()?.Name;

    private static string ApiVersionOf(KubernetesEntityAttribute entity) =>
        string.IsNullOrEmpty(entity.Group) ? entity.ApiVersion : $"{entity.Group}/{entity.ApiVersion}";
}
