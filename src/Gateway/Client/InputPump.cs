namespace TlsGateway.Gateway.Client;

/// <summary>
/// Reads standard input on a thread of its own and gives it to the event loop, piece by piece. epoll takes no regular files, and O_NONBLOCK on a terminal or pipe would
/// change it for the shell that shares it; a blocking read works on all of them.
/// </summary>
/// <remarks>At most four pieces are on their way: <see cref="Return"/> frees one.</remarks>
internal sealed class InputPump(Stream input, Action<byte[]> take)
{
    private const int PieceBytes = 16 * 1024;
    private const int Pieces = 4;

    private readonly object _gate = new();
    private int _free = Pieces;

    /// <summary>Starts it. <c>take</c> is called on the pump's thread; an empty piece is the end.</summary>
    public void Start() => new Thread(Run) { IsBackground = true, Name = "stdin" }.Start();

    /// <summary>A piece was used up.</summary>
    public void Return()
    {
        lock (_gate)
        {
            _free++;
            Monitor.Pulse(_gate);
        }
    }

    private void Run()
    {
        var buffer = new byte[PieceBytes];
        var count = 1;
        while (count > 0)
        {
            AwaitFree();
            try
            {
                count = input.Read(buffer, 0, buffer.Length);
            }
            catch (IOException)
            {
                // A terminal that went away has no more to say.
                count = 0;
            }

            take(buffer.AsSpan(0, count).ToArray());
        }
    }

    private void AwaitFree()
    {
        lock (_gate)
        {
            while (_free == 0)
                Monitor.Wait(_gate);
            _free--;
        }
    }
}
