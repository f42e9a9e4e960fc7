using System.Net;
using System.Net.Sockets;
using TlsGateway.Gateway.Configuration;
using TlsGateway.Gateway.Configuration.Checking;

namespace TlsGateway.Gateway.Tests.Support;

/// <summary>Loads configuration text from a file named g.yaml in a folder of its own, in a world without name servers.</summary>
internal static class Loader
{
    /// <summary>The smallest configuration that is right.</summary>
    public const string Minimal = """
        listeners:
          - name: https
            bind: 127.0.0.1:8443
            upstream: demo
            tls:
              certificates: development
        upstreams:
          demo: { address: embedded-demo }

        """;

    /// <summary>A world whose only host is backend.test (192.0.2.7) and whose environment is <paramref name="variables"/>.</summary>
    public static ConfigurationWorld World(string workingFolder, params (string Name, string Value)[] variables) =>
        new()
        {
            WorkingFolder = workingFolder,
            GetVariable = name => variables.Where(variable => variable.Name == name).Select(variable => variable.Value).FirstOrDefault(),
            ResolveHost = (host, _) =>
                host == "backend.test"
                    ? Task.FromResult(new[] { IPAddress.Parse("192.0.2.7") })
                    : Task.FromException<IPAddress[]>(new SocketException((int)SocketError.HostNotFound)),
        };

    public static async Task<ConfigurationResult> LoadAsync(
        TemporaryFolder folder,
        string yaml,
        params (string Name, string Value)[] variables
    )
    {
        var file = folder.Write("g.yaml", yaml);
        return await ConfigurationLoader.LoadAsync(file, World(folder.Path, variables), TestContext.Current.CancellationToken);
    }

    /// <summary>Loads and returns problems without the folder's name: <c>g.yaml:line:column: message</c>.</summary>
    public static async Task<List<string>> ProblemsAsync(string yaml, params (string Name, string Value)[] variables)
    {
        using TemporaryFolder folder = new();
        var result = await LoadAsync(folder, yaml, variables);
        Assert.Equal(result.Configuration is null, result.Problems.Any(problem => problem.Severity == ProblemSeverity.Error));
        return [.. result.Problems.Select(problem => problem.ToString().Replace(folder.Path + "/", "", StringComparison.Ordinal))];
    }
}
