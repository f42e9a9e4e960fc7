using System.Net.Sockets;

namespace TlsGateway.Interop.Tests.Support;

/// <summary>A server program on a socket file, so that no port is guessed. Disposing it ends it.</summary>
internal sealed class UnixServer : IAsyncDisposable
{
    private UnixServer(RunningProgram program, UnixDomainSocketEndPoint address) => (Program, Address) = (program, address);

    public RunningProgram Program { get; }

    public UnixDomainSocketEndPoint Address { get; }

    /// <summary>nginx as one process, so that ending it ends all, with one HTTP server.</summary>
    /// <param name="folder">Its own, made if it is not there.</param>
    /// <param name="listen">What follows the address in its listen directive: "ssl" or nothing.</param>
    /// <param name="server">The rest of the server's section.</param>
    public static Task<UnixServer> StartNginxAsync(string folder, string listen, string server)
    {
        var program = Programs.Require("nginx");
        Directory.CreateDirectory(folder);
        var socket = SocketIn(folder);
        return StartAsync(
            Path.Combine(folder, "nginx.conf"),
            $$"""
            daemon off;
            master_process off;
            pid {{folder}}/nginx.pid;
            error_log stderr warn;
            events { worker_connections 256; }
            http {
                access_log off;
                client_body_temp_path {{folder}}/body;
                proxy_temp_path {{folder}}/proxy;
                fastcgi_temp_path {{folder}}/fastcgi;
                uwsgi_temp_path {{folder}}/uwsgi;
                scgi_temp_path {{folder}}/scgi;
                ssl_session_cache shared:s:1m;
                server {
                    listen unix:{{socket}} {{listen}};
                    {{server}}
                }
            }
            """,
            socket,
            configuration => RunningProgram.Start(program, "-p", folder, "-c", configuration, "-e", "stderr")
        );
    }

    /// <summary>Any program that listens on <paramref name="socket"/> once it is up.</summary>
    public static async Task<UnixServer> StartAsync(
        string configurationFile,
        string configuration,
        UnixDomainSocketEndPoint socket,
        Func<string, RunningProgram> start
    )
    {
        await File.WriteAllTextAsync(configurationFile, configuration);
        var running = start(configurationFile);
        await RunningGateway.UntilAsync(() => Accepts(socket), running.Describe);
        return new UnixServer(running, socket);
    }

    /// <summary>Where the server of a folder listens.</summary>
    public static UnixDomainSocketEndPoint SocketIn(string folder) => new(Path.Combine(folder, "server.sock"));

    public ValueTask DisposeAsync() => Program.DisposeAsync();

    private static bool Accepts(UnixDomainSocketEndPoint address)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            socket.Connect(address);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
