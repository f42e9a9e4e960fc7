using System.Text.Json;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using TlsGateway.Interop.Tests.Support;
using TlsGateway.Tls;
using TlsGateway.Tls.Policies;

namespace TlsGateway.Interop.Tests.Clients;

/// <summary>testssl.sh, which many operators run against what they bought: protocols, suites, forward secrecy, certificate, known vulnerabilities.</summary>
public sealed class TestSslTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    /// <summary>What is no finding about TLS: the bare severities of what it could look at, and what is below the bar.</summary>
    private static readonly string[] Accepted = ["OK", "INFO", "LOW", "WARN", "DEBUG"];

    private readonly string _testSsl = Programs.Require("testssl");
    private readonly TestCertificates _certificates = new();

    public void Dispose() => _certificates.Dispose();

    [Theory]
    [InlineData(TlsEngine.OpenSsl, "modern")]
    [InlineData(TlsEngine.OpenSsl, "intermediate")]
    [InlineData(TlsEngine.BouncyCastle, "modern")]
    [InlineData(TlsEngine.BouncyCastle, "intermediate")]
    public async Task Nothing_above_low_is_found(TlsEngine engine, string policyName)
    {
        var policy = policyName == "modern" ? TlsPolicies.Modern : TlsPolicies.Intermediate;
        await using var upstream = await HttpUpstream.StartAsync(HttpProtocols.Http1);
        var listener = ProgramClients.Listener(_certificates.PublicLeaf("localhost"), upstream.EndPoint, engine);
        listener = listener with
        {
            Tls = listener.Tls with { Policy = policy, MinimumVersion = policy.MinimumVersion, MaximumVersion = policy.MaximumVersion },
        };
        var report = Path.Combine(_certificates.Folder, "findings.json");
        await using var gateway = await RunningGateway.StartAsync(listener);
        await using (var program = RunningProgram.Start(_testSsl, Arguments(report, gateway.Port)))
        {
            program.EndInput();
            // Its exit status counts findings of any kind.
            await program.ExitAsync(Patience);
            var findings = Read(report, program);
            Assert.Contains(findings, f => f is { Id: "TLS1_3", Severity: "OK" });
            Assert.Contains(
                findings,
                f => f.Id == "TLS1_2" && f.Text.StartsWith(policyName == "modern" ? "not offered" : "offered", StringComparison.Ordinal)
            );
            findings.RemoveAll(static f => Accepted.Contains(f.Severity));
            Assert.Empty(findings);
        }

        await RunningGateway.UntilAsync(() => gateway.Host.OpenConnections == 0, "all connections ended");
    }

    /// <summary>Protocols, server defaults, server preference, forward secrecy, vulnerabilities; not the simulation of clients, which only prints.</summary>
    private string[] Arguments(string report, int port) =>
        [
            "--warnings",
            "off",
            "--color",
            "0",
            "--quiet",
            "--ids-friendly",
            "-p",
            "-S",
            "-P",
            "-f",
            "-s",
            "-U",
            "--add-ca",
            _certificates.AuthorityFile,
            "--jsonfile",
            report,
            "--ip",
            "127.0.0.1",
            $"localhost:{port}",
        ];

    private static List<Finding> Read(string report, RunningProgram program)
    {
        Assert.True(File.Exists(report), program.Describe());
        using var json = JsonDocument.Parse(File.ReadAllText(report));
        return
        [
            .. json.RootElement.EnumerateArray().Select(static f => new Finding(Text(f, "id"), Text(f, "severity"), Text(f, "finding"))),
        ];
    }

    private static string Text(JsonElement finding, string name) => finding.GetProperty(name).GetString() ?? "";

    private sealed record Finding(string Id, string Severity, string Text);
}
