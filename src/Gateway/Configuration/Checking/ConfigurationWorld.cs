using System.Net;

namespace TlsGateway.Gateway.Configuration.Checking;

/// <summary>What checking a configuration asks of the machine, so that tests can answer.</summary>
internal sealed record ConfigurationWorld
{
    public static ConfigurationWorld System { get; } = new();

    /// <summary>Environment variables; null for one that is not set.</summary>
    public Func<string, string?> GetVariable { get; init; } = Environment.GetEnvironmentVariable;

    /// <summary>Looks a host name up; throws <see cref="System.Net.Sockets.SocketException"/> when it has no address.</summary>
    public Func<string, CancellationToken, Task<IPAddress[]>> ResolveHost { get; init; } = Dns.GetHostAddressesAsync;

    /// <summary>The clock that certificates are held against.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Absolute; the state folder is relative to it.</summary>
    public string WorkingFolder { get; init; } = Environment.CurrentDirectory;
}
