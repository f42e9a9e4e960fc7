using System.Reflection;

namespace TlsGateway.Gateway;

/// <summary>The version of this build.</summary>
internal static class GatewayVersion
{
    /// <summary>Such as 0.1.0, with the commit behind a plus sign where the build knows it.</summary>
    public static string Text { get; } =
        typeof(GatewayVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";
}
