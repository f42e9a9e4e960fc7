using System.Globalization;
using TlsGateway.Interop.Tests.Support;

namespace TlsGateway.Interop.Tests.Clients;

/// <summary>In a network namespace of their own, where the kernel's counts are those of this gateway and its clients.</summary>
public sealed class DelayedAcknowledgementTests : IDisposable
{
    private readonly TestCertificates _certificates = new();

    public void Dispose() => _certificates.Dispose();

    /// <summary>
    /// A client without TCP_NODELAY sends no data behind its Finished until that is acknowledged. The kernel would wait for an answer to go with, and the gateway has none: tickets are held back.
    /// </summary>
    [Fact]
    public async Task A_clients_last_flight_is_acknowledged_at_once()
    {
        const int Clients = 20;
        var unshare = Programs.Require("unshare");
        var openssl = Programs.Require("openssl");
        var stdbuf = Programs.Require("stdbuf");
        _ = Programs.Require("ip");
        var config = Path.Combine(_certificates.Folder, "gateway.yaml");
        await File.WriteAllTextAsync(
            config,
            """
            admin: { bind: 127.0.0.1:0 }
            listeners:
              - { name: web, bind: 127.0.0.1:8443, upstream: demo, tls: { certificates: development } }
            upstreams:
              demo: { address: embedded-demo }
            """
        );
        var gatewayProgram = Path.Combine(AppContext.BaseDirectory, "gateway.dll");
        await using var gateway = RunningProgram.Start(
            unshare,
            "--net",
            "sh",
            "-c",
            $"ip link set lo up && cd '{_certificates.Folder}' && exec dotnet '{gatewayProgram}' run --config '{config}'"
        );
        await gateway.ExpectAsync("listener web on");
        await UseAsync(gateway, stdbuf, openssl, clients: 4); // methods are compiled by then
        var before = await DelayedAsync(gateway);
        await UseAsync(gateway, stdbuf, openssl, Clients);
        // Without the gateway's doing there is one for each client; a few are left to a busy machine.
        Assert.InRange(await DelayedAsync(gateway) - before, 0, Clients / 2);
    }

    /// <summary>Clients that say nothing after the handshake, one after the other.</summary>
    private static async Task UseAsync(RunningProgram gateway, string stdbuf, string openssl, int clients)
    {
        for (var i = 0; i < clients; i++)
        {
            await using var client = Inside(
                gateway,
                stdbuf,
                "-o0",
                openssl,
                "s_client",
                "-connect",
                "127.0.0.1:8443",
                "-servername",
                "localhost"
            );
            // It comes a tenth of a second after the handshake, as long as nothing is asked: time enough for the kernel.
            await client.ExpectAsync("Post-Handshake New Session Ticket arrived");
        }
    }

    private static RunningProgram Inside(RunningProgram gateway, params string[] command) =>
        RunningProgram.Start(
            Programs.Require("nsenter"),
            ["--target", gateway.Id.ToString(CultureInfo.InvariantCulture), "--net", .. command]
        );

    /// <summary>TcpExtDelayedACKs of the namespace: acknowledgements that were sent when the time to wait was over.</summary>
    private static async Task<long> DelayedAsync(RunningProgram gateway)
    {
        await using var reading = Inside(gateway, "cat", "/proc/net/netstat");
        reading.EndInput();
        Assert.Equal(0, await reading.ExitAsync());
        var lines = reading.Output.Text.Split('\n').Where(static line => line.StartsWith("TcpExt:", StringComparison.Ordinal)).ToList();
        var column = Array.IndexOf(lines[0].Split(' '), "DelayedACKs");
        return long.Parse(lines[1].Split(' ')[column], CultureInfo.InvariantCulture);
    }
}
