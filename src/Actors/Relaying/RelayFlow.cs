using TlsGateway.Transport;

namespace TlsGateway.Actors.Relaying;

/// <summary>One direction of a relayed connection: what comes on one socket goes to the other, through a pipe that it has only while bytes wait in it. Loop thread only.</summary>
internal sealed class RelayFlow(EventLoop loop, SocketHandle from, SocketHandle to)
{
    /// <summary>Pieces of up to 64 KiB in one run before others get their turn.</summary>
    private const int PiecesPerRun = 16;

    private SplicePipe? _pipe;
    private bool _hasEnded;

    /// <summary>The sender has ended, and all of it was passed on, its end too.</summary>
    public bool IsDone { get; private set; }

    /// <summary>Since the last look at it.</summary>
    public int TakeMoved()
    {
        var moved = _moved;
        _moved = 0;
        return moved;
    }

    private int _moved;

    /// <summary>Moves what can be moved, and asks for the events that can help. False: a side is broken.</summary>
    public bool Move()
    {
        for (var pieces = 0; ; )
        {
            if (_pipe is not null && !Send())
                return false;
            if (_pipe is not null || IsDone)
                return true;
            if (_hasEnded)
            {
                IsDone = true;
                to.ShutdownWrite();
                return true;
            }

            if (!from.IsReadable || pieces++ == PiecesPerRun)
            {
                from.NotifyReadable();
                return true;
            }

            if (!Receive())
                return false;
        }
    }

    /// <summary>Gives back what it has.</summary>
    public void End()
    {
        if (_pipe is not null)
            loop.Pipes.Return(_pipe);
        _pipe = null;
    }

    private bool Receive()
    {
        if (loop.Pipes.TryRent() is not { } pipe)
            return false;
        var result = from.ReceiveInto(pipe);
        if (result.Status == IoStatus.Ok)
        {
            _pipe = pipe;
            _moved += result.Bytes;
            return true;
        }

        loop.Pipes.Return(pipe);
        _hasEnded = result.Status == IoStatus.Eof;
        return _hasEnded || result.Status == IoStatus.WouldBlock;
    }

    private bool Send()
    {
        var result = to.SendFrom(_pipe!);
        if (result.Status is not (IoStatus.Ok or IoStatus.WouldBlock))
            return false;
        if (_pipe!.Count > 0)
        {
            to.NotifyWritable();
            return true;
        }

        loop.Pipes.Return(_pipe);
        _pipe = null;
        return true;
    }
}
