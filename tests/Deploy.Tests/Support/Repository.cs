namespace TlsGateway.Deploy.Tests.Support;

/// <summary>Files of the source tree.</summary>
internal static class Repository
{
    /// <summary>The folder with Gateway.sln, found upwards from the test program.</summary>
    public static string Root { get; } = FindRoot(AppContext.BaseDirectory);

    public static string Path(params string[] parts) => System.IO.Path.Combine([Root, .. parts]);

    private static string FindRoot(string folder) =>
        File.Exists(System.IO.Path.Combine(folder, "Gateway.sln"))
            ? folder
            : FindRoot(
                Directory.GetParent(folder)?.FullName ?? throw new InvalidOperationException("Gateway.sln is in no folder above the tests.")
            );
}
