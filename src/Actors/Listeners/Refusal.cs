using TlsGateway.Transport;

namespace TlsGateway.Actors.Listeners;

/// <summary>
/// The cheap, polite no: a TLS alert in plain text (a client in its handshake takes it as one), then close. What the client has sent already is read first,
/// since closing over unread bytes resets the connection and would take the alert with it.
/// </summary>
internal static class Refusal
{
    /// <summary>Record: alert, TLS 1.2 (as record layers say it), 2 bytes: fatal, internal_error (RFC 8446 §6.2; there is none for "too busy").</summary>
    private static ReadOnlySpan<byte> Alert => [21, 3, 3, 0, 2, 2, 80];

    public static void Send(int fd)
    {
        TcpSocket.SendAndClose(fd, Alert);
    }
}
