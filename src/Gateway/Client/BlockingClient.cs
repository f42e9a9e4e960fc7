using System.Net.Sockets;
using System.Text;
using TlsGateway.Gateway.Commands;
using TlsGateway.Tls;

namespace TlsGateway.Gateway.Client;

/// <summary>
/// The same client the simple way: blocking I/O and the wrapper that retries by itself (the article's SSL_MODE_AUTO_RETRY). One thread sends standard input, the caller's
/// receives. It has no stall summary: a thread that blocks does not say on what.
/// </summary>
internal sealed class BlockingClient(ClientSettings settings, ITlsContext context, Stream input, Stream output, TextWriter error)
{
    private const int PieceBytes = 16 * 1024;

    private readonly SessionReport _report = new(error);
    private volatile bool _isQuit;

    /// <summary>Runs to the end of the last connection.</summary>
    /// <returns>An <see cref="ExitCode"/>.</returns>
    public int Run()
    {
        for (var left = settings.Resumptions; ; left--)
        {
            try
            {
                using var socket = Connect();
                using NetworkStream transport = new(socket);
                if (settings.StartTls is { } protocol && Converse(transport, protocol) is { } refusal)
                {
                    _report.Say($"{settings.Target} refuses STARTTLS for {protocol}: {refusal}.");
                    return ExitCode.RuntimeFailure;
                }

                using BlockingTlsStream stream = new(context.CreateSession(HeapBufferPool.Shared), transport);
                stream.Handshake();
                _report.Negotiated(stream.Session, settings.IsVerified);
                if (left == 0)
                {
                    Exchange(stream, socket);
                    return ExitCode.Success;
                }

                // Its tickets come before its end.
                stream.Shutdown();
                Drain(stream);
            }
            catch (TlsException failed)
            {
                _report.Failed(failed.Failure, settings.IsVerified);
                return ExitCode.RuntimeFailure;
            }
            catch (Exception failed) when (failed is IOException or SocketException)
            {
                _report.Say($"The connection to {settings.Target} failed: {failed.Message}");
                return ExitCode.RuntimeFailure;
            }
        }
    }

    private Socket Connect()
    {
        SocketException? last = null;
        foreach (var address in settings.Addresses)
        {
            Socket socket = new(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                socket.Connect(address);
                _report.Connected(settings.Target, address.ToString());
                return socket;
            }
            catch (SocketException refused)
            {
                socket.Dispose();
                last = refused;
            }
        }

        throw last ?? new SocketException((int)SocketError.HostNotFound);
    }

    private static string? Converse(NetworkStream transport, string protocol)
    {
        StartTlsDialogue dialogue = new(protocol);
        transport.Write(dialogue.Begin());
        var buffer = new byte[1024];
        while (!dialogue.IsDone && dialogue.Refusal is null)
        {
            var count = transport.Read(buffer, 0, buffer.Length);
            if (count == 0)
                return "it closed the connection";
            transport.Write(dialogue.Receive(buffer.AsSpan(0, count)));
        }

        return dialogue.Refusal;
    }

    private void Exchange(BlockingTlsStream stream, Socket socket)
    {
        Thread sending = new(() => SendInput(stream, socket)) { IsBackground = true, Name = "stdin" };
        sending.Start();
        var buffer = new byte[PieceBytes];
        try
        {
            for (int count; (count = stream.Read(buffer, 0, buffer.Length)) > 0; )
            {
                output.Write(buffer, 0, count);
                output.Flush();
            }

            stream.Shutdown();
        }
        catch (Exception ended) when (_isQuit && ended is IOException or ObjectDisposedException)
        {
            // The user left; whatever the server still had does not matter.
        }
    }

    private void SendInput(BlockingTlsStream stream, Socket socket)
    {
        var buffer = new byte[PieceBytes];
        try
        {
            for (int count; !_isQuit && (count = input.Read(buffer, 0, buffer.Length)) > 0; )
            {
                if (!settings.HasCommands || !Command(stream, Encoding.Latin1.GetString(buffer, 0, count).TrimEnd('\r', '\n')))
                    stream.Write(buffer, 0, count);
            }

            stream.Shutdown();
            if (_isQuit)
                socket.Shutdown(SocketShutdown.Both);
        }
        catch (Exception ended) when (ended is IOException or ObjectDisposedException or SocketException or InvalidOperationException)
        {
            // The receiving side meets the same end and reports it.
        }
    }

    private bool Command(BlockingTlsStream stream, string line)
    {
        switch (line)
        {
            case "R":
                Told("rehandshake asked for", stream.Rehandshake());
                return true;
            case "K" or "k":
                Told(line == "K" ? "new keys on both sides asked for" : "new sending keys", stream.KeyUpdate(line == "K"));
                return true;
            case "Q":
                _isQuit = true;
                return true;
            case "S" or "T":
                _report.Say($"{line} needs the multiplexed client: leave --blocking out.");
                return true;
            default:
                return false;
        }
    }

    private void Told(string what, bool done) => _report.Say(done ? what : "refused: this protocol version cannot do it");

    private static void Drain(BlockingTlsStream stream)
    {
        var buffer = new byte[PieceBytes];
        try
        {
            while (stream.Read(buffer, 0, buffer.Length) > 0) { }
        }
        catch (TlsTruncatedException)
        {
            // After our own close_notify it owes us nothing.
        }
    }
}
