namespace TlsGateway.Kubernetes.Tests.Support;

/// <summary>A folder of one test's own, removed with it.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    private readonly string _path = Directory.CreateTempSubdirectory("kubernetes-tests-").FullName;

    /// <summary>Writes a file, in the place of one that is there, and returns its path.</summary>
    public string Write(string name, string text)
    {
        var file = Path.Combine(_path, name);
        File.WriteAllText(file, text);
        return file;
    }

    public string Of(string name) => Path.Combine(_path, name);

    public void Dispose() => Directory.Delete(_path, recursive: true);
}
