using System.Net;
using TlsGateway.Gateway.Tests.Support;
using TlsGateway.Transport;

namespace TlsGateway.Gateway.Tests.Configuration;

public sealed class AccessCheckTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Lists_come_from_the_configuration_and_from_files()
    {
        var file = _folder.Write("deny.txt", "# made by a program\n192.0.2.0/24\n\n2001:db8::1   # one\n");
        var result = await LoadAsync("{ deny: [10.0.0.0/8], denyFiles: [deny.txt] }");
        Assert.Empty(result.Problems);
        var access = result.Configuration!.Listeners[0].Access!;
        Assert.Equal(3, access.Count);
        Assert.False(access.Admits(InetEndPoint.From(IPAddress.Parse("2001:db8::1"), 1)));
        Assert.True(access.Admits(InetEndPoint.From(IPAddress.Parse("192.0.3.1"), 1)));
        Assert.Contains(file, result.Configuration.WatchedFiles.Keys);
    }

    [Theory]
    [InlineData("{ allow: [ten] }", "access.allow[0] is 'ten', which is no address")]
    [InlineData("{ denyFiles: [missing.txt] }", "access.denyFiles[0] is 'missing.txt', which does not exist")]
    [InlineData(
        "{ denyFiles: [broken.txt] }",
        "access.denyFiles[0] is 'broken.txt', whose line 2 is '10.0.0.1/8', which has bits behind its prefix of 8"
    )]
    [InlineData("{ allowFiles: [empty.txt] }", "hold no network, so nobody could connect")]
    public async Task A_mistake_is_said(string section, string part)
    {
        _folder.Write("broken.txt", "10.0.0.0/8\n10.0.0.1/8\n");
        _folder.Write("empty.txt", "# nobody yet\n");
        var problem = Assert.Single((await LoadAsync(section)).Problems);
        Assert.Contains(part, problem.ToString(), StringComparison.Ordinal);
    }

    private Task<TlsGateway.Gateway.Configuration.ConfigurationResult> LoadAsync(string section) =>
        Loader.LoadAsync(
            _folder,
            Loader.Minimal.Replace("    upstream: demo\n", $"    upstream: demo\n    access: {section}\n", StringComparison.Ordinal)
        );
}
