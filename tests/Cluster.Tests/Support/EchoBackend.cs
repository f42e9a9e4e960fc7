using System.Diagnostics;
using System.Globalization;
using System.Net;

namespace TlsGateway.Cluster.Tests.Support;

/// <summary>Sends back what it gets: EchoServer in a process of its own.</summary>
internal sealed class EchoBackend : IDisposable
{
    private readonly Process _process;

    public EchoBackend(IPAddress address)
    {
        _process = Process.Start(
            new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "EchoServer.dll"), address.ToString()])
            {
                UseShellExecute = false,
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
            }
        )!;
        var port = int.Parse(_process.StandardOutput.ReadLine() ?? "", CultureInfo.InvariantCulture);
        EndPoint = new IPEndPoint(address, port);
    }

    public IPEndPoint EndPoint { get; }

    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }
}
