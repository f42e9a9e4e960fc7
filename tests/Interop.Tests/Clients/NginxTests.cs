using System.Net.Sockets;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using TlsGateway.Actors;
using TlsGateway.Interop.Tests.Support;

namespace TlsGateway.Interop.Tests.Clients;

/// <summary>nginx as a client: a reverse proxy that verifies the gateway and keeps its sessions.</summary>
public sealed class NginxTests : IDisposable
{
    private readonly string _nginx = Programs.Require("nginx");
    private readonly string _curl = Programs.Require("curl");
    private readonly TestCertificates _certificates = new();

    public void Dispose() => _certificates.Dispose();

    [Theory]
    [InlineData("TLSv1.2")]
    [InlineData("TLSv1.3")]
    public async Task A_proxy_verifies_the_gateway_and_resumes(string version)
    {
        await using var upstream = await HttpUpstream.StartAsync(HttpProtocols.Http1);
        await using var gateway = await RunningGateway.StartAsync(RunningGateway.Listener(_certificates.Localhost, upstream.EndPoint));
        var configuration = Path.Combine(_certificates.Folder, "nginx.conf");
        var socket = Path.Combine(_certificates.Folder, "nginx.sock");
        await File.WriteAllTextAsync(configuration, Configuration(gateway, socket, version));
        await using (var nginx = RunningProgram.Start(_nginx, "-p", _certificates.Folder, "-c", configuration, "-e", "stderr"))
        {
            await RunningGateway.UntilAsync(() => Accepts(socket), "nginx listens");
            Assert.Equal("hello 200", await GetAsync(socket, "/hello"));
            Assert.Equal("hello 200", await GetAsync(socket, "/hello"));
            Assert.Equal("hello 200", await GetAsync(socket, "/hello"));
        }

        await RunningGateway.UntilAsync(() => gateway.Host.OpenConnections == 0, "all connections ended");
        Assert.Equal(
            version == "TLSv1.2" ? (1, 2, 0, 0) : (0, 0, 1, 2),
            (
                gateway.Count(c => c.FullTls12),
                gateway.Count(c => c.ResumedTls12),
                gateway.Count(c => c.FullTls13),
                gateway.Count(c => c.ResumedTls13)
            )
        );
    }

    [Fact]
    public async Task A_proxy_with_another_authority_answers_502()
    {
        using var others = new TestCertificates();
        await using var upstream = await HttpUpstream.StartAsync(HttpProtocols.Http1);
        await using var gateway = await RunningGateway.StartAsync(RunningGateway.Listener(others.Localhost, upstream.EndPoint));
        var configuration = Path.Combine(_certificates.Folder, "nginx.conf");
        var socket = Path.Combine(_certificates.Folder, "nginx.sock");
        await File.WriteAllTextAsync(configuration, Configuration(gateway, socket, "TLSv1.3"));
        await using (var nginx = RunningProgram.Start(_nginx, "-p", _certificates.Folder, "-c", configuration, "-e", "stderr"))
        {
            await RunningGateway.UntilAsync(() => Accepts(socket), "nginx listens");
            Assert.EndsWith(" 502", await GetAsync(socket, "/hello"), StringComparison.Ordinal);
        }

        // nginx looks at the certificate when the handshake is over and ends without an alert.
        await gateway.UntilClosedAsync(CloseReason.Completed);
    }

    private Task<string> GetAsync(string socket, string path) =>
        RunningProgram.RunAsync(
            _curl,
            ["--silent", "--show-error", "--unix-socket", socket, "-w", " %{http_code}", "--max-time", "60", "http://proxy" + path]
        );

    /// <summary>One process, so that ending it ends all; a socket file, so that no port is guessed.</summary>
    private string Configuration(RunningGateway gateway, string socket, string version) =>
        $$"""
            daemon off;
            master_process off;
            pid {{_certificates.Folder}}/nginx.pid;
            error_log stderr warn;
            events { worker_connections 64; }
            http {
                access_log off;
                client_body_temp_path {{_certificates.Folder}}/body;
                proxy_temp_path {{_certificates.Folder}}/proxy;
                fastcgi_temp_path {{_certificates.Folder}}/fastcgi;
                uwsgi_temp_path {{_certificates.Folder}}/uwsgi;
                scgi_temp_path {{_certificates.Folder}}/scgi;
                server {
                    listen unix:{{socket}};
                    location / {
                        proxy_pass https://{{gateway.EndPoint}};
                        proxy_ssl_protocols {{version}};
                        proxy_ssl_verify on;
                        proxy_ssl_trusted_certificate {{_certificates.AuthorityFile}};
                        proxy_ssl_name localhost;
                        proxy_ssl_server_name on;
                        proxy_ssl_session_reuse on;
                    }
                }
            }
            """;

    private static bool Accepts(string path)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(path));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
