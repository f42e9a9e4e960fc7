using TlsGateway.Gateway.Configuration.Checking;

namespace TlsGateway.Gateway.Commands;

/// <summary>Finds the configuration file.</summary>
internal static class ConfigurationFile
{
    public const string VariableName = "GATEWAY_CONFIG";

    private static readonly string DefaultFile = Path.Combine("config", "gateway.yaml");

    /// <summary>
    /// The file named by the option, else by the environment, else ./config/gateway.yaml if it exists, else the copy beside the program. A file that
    /// was named is not replaced by another when it does not exist.
    /// </summary>
    public static string Find(string? named, ConfigurationWorld world)
    {
        if (named is not null)
        {
            return named;
        }
        if (world.GetVariable(VariableName) is { Length: > 0 } fromEnvironment)
        {
            return fromEnvironment;
        }
        return File.Exists(Path.Combine(world.WorkingFolder, DefaultFile))
            ? DefaultFile
            : Path.Combine(AppContext.BaseDirectory, DefaultFile);
    }
}
