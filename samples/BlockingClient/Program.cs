using System.Net.Sockets;
using System.Text;
using TlsGateway.Tls;

if (args is not [var host, var port, var authoritiesFile])
{
    Console.Error.WriteLine("usage: BlockingClient HOST PORT AUTHORITIES.pem");
    return 2;
}

using ITlsContext tls = TlsEngines.CreateClient(
    TlsEngine.OpenSsl,
    new TlsClientSettings { ServerName = host, TrustedAuthoritiesPem = File.ReadAllText(authoritiesFile) }
);
using Socket socket = new(SocketType.Stream, ProtocolType.Tcp);
socket.Connect(host, int.Parse(port));
using ITlsSession session = tls.CreateSession(HeapBufferPool.Shared);

// Any call may want to read or to write the socket first, whatever it is for itself: a write may wait for a handshake message of the peer. So each is
// repeated until it is done, and in between the socket is given what the session wants.
if (!Drive(session.Handshake))
{
    return Fail();
}
Console.Error.WriteLine(session.DescribeSession());

byte[] request = Encoding.ASCII.GetBytes($"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
int sent = 0;
if (!Drive(() => Write(request, ref sent)))
{
    return Fail();
}

byte[] buffer = new byte[16 * 1024];
using Stream output = Console.OpenStandardOutput();
TlsStatus status;
do
{
    // Read gives what it has, whatever the status is; the status says what it stopped at.
    status = session.Read(buffer, out int read);
    output.Write(buffer, 0, read);
} while (status == TlsStatus.Done || Serve(status));
if (status != TlsStatus.Closed)
{
    return Fail();
}

// The server ended with close_notify, so nothing is missing; ours says the same to it.
return Drive(session.Shutdown) ? 0 : Fail();

TlsStatus Write(ReadOnlySpan<byte> data, ref int done)
{
    TlsStatus result = session.Write(data[done..], out int written);
    done += written;
    return result;
}

// Repeats a call until it is done and all that it made is sent; false: the session is dead.
bool Drive(Func<TlsStatus> call)
{
    TlsStatus result = call();
    while (Serve(result))
    {
        result = call();
    }
    return result == TlsStatus.Done;
}

// Sends what waits and, when that is what is wanted, receives; false: the call need not be repeated.
bool Serve(TlsStatus result)
{
    while (!session.TxPending.IsEmpty)
    {
        session.TxConsume(socket.Send(session.TxPending));
    }
    if (result != TlsStatus.WantRead)
    {
        return result == TlsStatus.WantWrite;
    }
    int received = socket.Receive(session.RxFree);
    session.RxCommit(received);
    if (received == 0)
    {
        session.RxEof();
    }
    return true;
}

int Fail()
{
    Console.Error.WriteLine($"{session.Failure.Kind}: {session.Failure.Detail}");
    return 1;
}
