using System.Collections.Concurrent;
using System.Net;
using TlsGateway.Interop.Tests.Support;

namespace TlsGateway.Interop.Tests.Certificates;

/// <summary>The gateway in a process of its own, its certificate renewed under it as Kubernetes and certbot do.</summary>
public sealed class CertificateReloadTests : IDisposable
{
    private const int Clients = 4;

    private readonly TestCertificates _certificates = new();

    public void Dispose() => _certificates.Dispose();

    [Fact]
    public async Task A_volume_that_is_swapped_under_load_fails_no_connection()
    {
        await PublishAsync("first");
        await using var upstream = TestUpstream.Echo();
        await using var gateway = await GatewayProgram.StartAsync(_certificates.Folder, Yaml("volume", upstream.EndPoint));
        await using var old = await ConnectAsync(gateway.Port);
        using var stop = new CancellationTokenSource();
        var seen = new ConcurrentDictionary<string, int>();
        var load = Enumerable.Range(0, Clients).Select(_ => LoadAsync(gateway.Port, seen, stop.Token)).ToList();
        string[] names = ["second", "third", "fourth", "fifth"];
        foreach (var name in names)
        {
            await PublishAsync(name);
            await RunningGateway.UntilAsync(() => seen.ContainsKey(name) || load.Exists(static l => l.IsFaulted), $"{name} served");
        }

        await old.EchoAsync("still the first generation");
        await stop.CancelAsync();
        // Throws what a client saw.
        await Task.WhenAll(load);
        Assert.All(names, name => Assert.True(seen.ContainsKey(name)));
        Assert.Equal("first", old.CertificateName);
        Assert.DoesNotContain("Serving generation 6", gateway.Program.Output.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Half_a_pair_keeps_the_old_one_and_is_logged_once()
    {
        WritePair(Folder("plain"), "before");
        await using var upstream = TestUpstream.Echo();
        await using var gateway = await GatewayProgram.StartAsync(_certificates.Folder, Yaml("plain", upstream.EndPoint));
        var after = _certificates.Leaf("after", "localhost");
        await File.WriteAllTextAsync(Path.Combine(Folder("plain"), "tls.crt"), after.ChainPem, TestContext.Current.CancellationToken);
        await gateway.Program.ExpectAsync("which is not the key of the certificate CN=after");
        await gateway.Program.ExpectAsync("Reload refused, errors: 1; still serving generation 1");
        await using (var client = await ConnectAsync(gateway.Port))
            Assert.Equal("before", client.CertificateName);

        await File.WriteAllTextAsync(Path.Combine(Folder("plain"), "tls.key"), after.KeyPem, TestContext.Current.CancellationToken);
        await gateway.Program.ExpectAsync("Serving generation 2");
        await using (var client = await ConnectAsync(gateway.Port))
            Assert.Equal("after", client.CertificateName);
        Assert.Single(gateway.Program.Output.Text.Split('\n'), static line => line.Contains("Reload refused", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_changed_configuration_waits_for_its_signal()
    {
        WritePair(Folder("plain"), "before");
        await using var upstream = TestUpstream.Echo();
        await using var gateway = await GatewayProgram.StartAsync(_certificates.Folder, Yaml("plain", upstream.EndPoint));
        // What an operator has not finished writing.
        await File.WriteAllTextAsync(
            Path.Combine(_certificates.Folder, "gateway.yaml"),
            "listeners: [",
            TestContext.Current.CancellationToken
        );
        WritePair(Folder("plain"), "after");
        await gateway.Program.ExpectAsync("Serving generation 2");
        await using var client = await ConnectAsync(gateway.Port);
        Assert.Equal("after", client.CertificateName);
    }

    [Fact]
    public async Task Files_are_left_alone_where_that_is_asked_for()
    {
        WritePair(Folder("plain"), "before");
        await using var upstream = TestUpstream.Echo();
        await using var gateway = await GatewayProgram.StartAsync(
            _certificates.Folder,
            "watchFiles: false\n" + Yaml("plain", upstream.EndPoint)
        );
        WritePair(Folder("plain"), "after");
        // A key file beside it is looked at every ten seconds in any case; the reload by signal is the first that there is.
        await gateway.SignalAsync("HUP");
        await gateway.Program.ExpectAsync("Serving generation 2");
        Assert.DoesNotContain("Changed, loading again", gateway.Program.Output.Text, StringComparison.Ordinal);
    }

    private async Task LoadAsync(int port, ConcurrentDictionary<string, int> seen, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            await using var client = await ConnectAsync(port);
            await client.EchoAsync("load");
            seen.AddOrUpdate(client.CertificateName, 1, static (_, count) => count + 1);
            await client.CloseAsync();
        }
    }

    private Task<SslStreamClient> ConnectAsync(int port)
    {
        var options = SslStreamClient.Options(_certificates);
        // A resumed session shows no certificate.
        options.AllowTlsResume = false;
        return SslStreamClient.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port), options);
    }

    private string Folder(string name) => Directory.CreateDirectory(Path.Combine(_certificates.Folder, name)).FullName;

    /// <summary>As the kubelet does it: a folder with the new files, a link to it renamed over the old link; the files' own links stay.</summary>
    private async Task PublishAsync(string commonName)
    {
        var volume = Folder("volume");
        WritePair(Directory.CreateDirectory(Path.Combine(volume, $"..{commonName}")).FullName, commonName);
        var next = Path.Combine(volume, "..data_tmp");
        File.CreateSymbolicLink(next, $"..{commonName}");
        // rename(2), which .NET has not for links to folders.
        await RunningProgram.RunAsync("mv", "-T", next, Path.Combine(volume, "..data"));
        foreach (var name in (string[])["tls.crt", "tls.key"])
            if (!File.Exists(Path.Combine(volume, name)))
                File.CreateSymbolicLink(Path.Combine(volume, name), $"..data/{name}");
    }

    private void WritePair(string folder, string commonName)
    {
        var pair = _certificates.Leaf(commonName, "localhost");
        File.WriteAllText(Path.Combine(folder, "tls.crt"), pair.ChainPem);
        File.WriteAllText(Path.Combine(folder, "tls.key"), pair.KeyPem);
    }

    private static string Yaml(string folder, IPEndPoint upstream) =>
        $$"""
            admin: { bind: 127.0.0.1:0 }
            listeners:
              - name: https
                bind: 127.0.0.1:0
                upstream: echo
                tls:
                  certificates: [{ certificate: {{folder}}/tls.crt, key: {{folder}}/tls.key }]
            upstreams:
              echo: { address: "{{upstream}}" }

            """;
}
