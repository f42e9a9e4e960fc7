// The backend of a fleet under test: sends back what it gets. A process of its own, since its descriptors are as many as the clients'.
// EchoServer ADDRESS: prints the port that it listens on, and ends with its standard input.
using System.Net;
using System.Net.Sockets;

using TcpListener listener = new(IPAddress.Parse(args[0]), 0);
listener.Start(4096);
Console.WriteLine(((IPEndPoint)listener.LocalEndpoint).Port);
_ = AcceptAsync(listener);
while (Console.In.ReadLine() is not null) { }

static async Task AcceptAsync(TcpListener listener)
{
    while (true)
    {
        _ = EchoAsync(await listener.AcceptSocketAsync());
    }
}

static async Task EchoAsync(Socket client)
{
    using (client)
    {
        var buffer = new byte[1024];
        try
        {
            while (await client.ReceiveAsync(buffer) is var received and > 0)
            {
                for (var sent = 0; sent < received; )
                {
                    sent += await client.SendAsync(buffer.AsMemory(sent..received));
                }
            }
        }
        catch (SocketException)
        {
            // The gateway has gone.
        }
    }
}
