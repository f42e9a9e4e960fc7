using System.Net;

namespace TlsGateway.Cluster.Tests.Support;

/// <summary>Connections that are opened, held and used together.</summary>
internal sealed class ManyClients : IAsyncDisposable
{
    private readonly List<EchoClient> _clients = [];

    public int Count => _clients.Count;

    public async Task AddAsync(IPEndPoint gateway, int count) =>
        _clients.AddRange(await Task.WhenAll(Enumerable.Range(0, count).Select(_ => EchoClient.ConnectAsync(gateway))));

    /// <summary>Each says something, and hears it.</summary>
    public Task EchoAsync() => Task.WhenAll(_clients.Select(static (client, number) => client.EchoAsync($"number {number}")));

    /// <summary>How many have ended, well or not.</summary>
    public async Task<int> CountEndedAsync() =>
        (await Task.WhenAll(_clients.Select(static client => client.HasEndedAsync()))).Count(static one => one);

    /// <summary>Each sees the gateway's close_notify.</summary>
    public Task ExpectEndAsync() => Task.WhenAll(_clients.Select(static client => client.ExpectEndAsync()));

    /// <summary>Each sees the gateway's close_notify, and closes at once.</summary>
    public Task EndWithGatewayAsync() => Task.WhenAll(_clients.Select(static client => client.EndWithGatewayAsync()));

    public async ValueTask DisposeAsync()
    {
        foreach (var client in _clients)
        {
            await client.DisposeAsync();
        }
    }
}
