using TlsGateway.Tls;
using TlsGateway.Transport;

namespace TlsGateway.Actors.Sessions;

/// <summary>What a call on the socket means for the session and its machine: the same in both roles, and for every holder of a session.</summary>
public static class SessionTransfer
{
    /// <summary>recv into the session's buffer ended so.</summary>
    /// <param name="s">Is told.</param>
    /// <param name="session">Has taken the bytes; is told of an end. Null before there is one.</param>
    /// <param name="result">Of recv.</param>
    /// <param name="more">The socket may have more.</param>
    public static void Received(ref SessionState s, ITlsSession? session, IoResult result, bool more)
    {
        switch (result.Status)
        {
            case IoStatus.Ok:
                SessionMachine.Received(ref s, more);
                break;
            case IoStatus.WouldBlock:
                SessionMachine.ReceivedNothing(ref s);
                break;
            case IoStatus.Eof:
                session?.RxEof();
                SessionMachine.ReceivedEof(ref s);
                break;
            default:
                SessionMachine.SocketFailed(ref s);
                break;
        }
    }

    /// <summary>send of what the session has pending ended so; what was sent is dropped from it.</summary>
    /// <param name="s">Is told.</param>
    /// <param name="session">Whose bytes they are.</param>
    /// <param name="result">Of send.</param>
    /// <param name="more">The socket may take more.</param>
    public static void Sent(ref SessionState s, ITlsSession session, IoResult result, bool more)
    {
        switch (result.Status)
        {
            case IoStatus.Ok:
                session.TxConsume(result.Bytes);
                SessionMachine.Sent(ref s, !session.TxPending.IsEmpty, more);
                break;
            case IoStatus.WouldBlock:
                SessionMachine.SentNothing(ref s);
                break;
            default:
                SessionMachine.SocketFailed(ref s);
                break;
        }
    }
}
