using Microsoft.AspNetCore.Server.Kestrel.Core;
using TlsGateway.Actors;
using TlsGateway.Interop.Tests.Support;

namespace TlsGateway.Interop.Tests.Tools;

/// <summary>samples/BlockingClient as docs/LIBRARY.md shows it.</summary>
public sealed class BlockingClientSampleTests : IDisposable
{
    private readonly TestCertificates _certificates = new();

    public void Dispose() => _certificates.Dispose();

    [Fact]
    public void The_documents_code_is_the_samples()
    {
        var root = Root(AppContext.BaseDirectory);
        var document = File.ReadAllText(Path.Combine(root, "docs", "LIBRARY.md"));
        var sample = File.ReadAllText(Path.Combine(root, "samples", "BlockingClient", "Program.cs"));

        Assert.Contains($"```csharp\n{sample}```\n", document, StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_gets_a_page_through_the_gateway()
    {
        await using var upstream = await HttpUpstream.StartAsync(HttpProtocols.Http1);
        var listener = RunningGateway.Listener(_certificates.Localhost, upstream.EndPoint);
        await using var gateway = await RunningGateway.StartAsync(listener);
        await using (var client = Start(gateway, "localhost", _certificates.AuthorityFile))
        {
            Assert.True(await client.ExitAsync() == 0, client.Describe());
            // The upstream's whole answer; it has no page under that path.
            Assert.StartsWith("HTTP/1.1 404 Not Found\r\n", client.Output.Text, StringComparison.Ordinal);
        }

        await gateway.UntilClosedAsync(CloseReason.Completed);
    }

    [Fact]
    public async Task It_says_why_it_does_not_trust_a_server()
    {
        using var others = new TestCertificates("Others");
        await using var upstream = TestUpstream.Echo();
        await using var gateway = await RunningGateway.StartAsync(RunningGateway.Listener(_certificates.Localhost, upstream.EndPoint));
        await using (var client = Start(gateway, "localhost", others.AuthorityFile))
        {
            Assert.Equal(1, await client.ExitAsync());
            Assert.Contains("CertificateRejected: ", client.Errors.Text, StringComparison.Ordinal);
        }

        await RunningGateway.UntilAsync(() => gateway.Host.OpenConnections == 0, gateway.Describe);
    }

    private static RunningProgram Start(RunningGateway gateway, string host, string authorities) =>
        RunningProgram.Start("dotnet", Path.Combine(AppContext.BaseDirectory, "BlockingClient.dll"), host, $"{gateway.Port}", authorities);

    private static string Root(string folder) =>
        File.Exists(Path.Combine(folder, "Gateway.sln")) ? folder : Root(Directory.GetParent(folder)!.FullName);
}
