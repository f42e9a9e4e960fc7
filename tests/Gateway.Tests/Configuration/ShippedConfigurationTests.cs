using TlsGateway.Gateway.Configuration;
using TlsGateway.Gateway.Tests.Support;

namespace TlsGateway.Gateway.Tests.Configuration;

/// <summary>The files in config/ are right, and stay so.</summary>
public sealed class ShippedConfigurationTests
{
    public static TheoryData<string> Files =>
        [
            .. Directory
                .GetFiles(Repository.Path("config"), "*.yaml", SearchOption.AllDirectories)
                .Select(file => Path.GetRelativePath(Repository.Path("config"), file))
                .Order(StringComparer.Ordinal),
        ];

    [Fact]
    public void There_are_a_default_and_eight_examples() => Assert.Equal(9, Files.Count);

    [Theory]
    [MemberData(nameof(Files))]
    public async Task A_file_in_config_has_no_problems_and_names_its_schema(string file)
    {
        using TemporaryFolder folder = new();
        var path = Repository.Path("config", file);
        var world = Loader.World(
            folder.Path,
            [.. new[] { "EXAMPLE", "SHOP", "TLS", "BACKEND" }.SelectMany(name => WritePair(folder, name))]
        );

        var result = await ConfigurationLoader.LoadAsync(path, world, TestContext.Current.CancellationToken);

        Assert.Empty(result.Problems);
        Assert.NotNull(result.Configuration);
        var firstLine = (await File.ReadAllLinesAsync(path, TestContext.Current.CancellationToken))[0];
        const string Prefix = "# yaml-language-server: $schema=";
        Assert.StartsWith(Prefix, firstLine, StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(Path.GetDirectoryName(path)!, firstLine[Prefix.Length..])));
    }

    private static (string Name, string Value)[] WritePair(TemporaryFolder folder, string name)
    {
        var pair = TestCertificate.MakeEcdsa($"{name}.example.org");
        return
        [
            ($"{name}_CERTIFICATE", folder.Write($"{name}.pem", pair.CertificatePem)),
            ($"{name}_KEY", folder.Write($"{name}-key.pem", pair.KeyPem)),
        ];
    }
}
