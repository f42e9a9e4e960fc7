using System.Collections.Concurrent;

namespace TlsGateway.Gateway.Client;

/// <summary>Writes to standard output on a thread of its own, so that a reader who is slow holds up no socket. Credit bounds what waits.</summary>
internal sealed class OutputPump(Stream output) : IDisposable
{
    private readonly BlockingCollection<(byte[] Data, Action<int> Written)> _queue = [];

    /// <summary>Starts it.</summary>
    public void Start() => new Thread(Run) { IsBackground = true, Name = "stdout" }.Start();

    /// <summary>Writes <paramref name="data"/>; <paramref name="written"/> is told on the pump's thread, with -1 when nobody reads any more.</summary>
    public void Write(byte[] data, Action<int> written) => _queue.Add((data, written));

    public void Dispose() => _queue.CompleteAdding();

    private void Run()
    {
        foreach (var (data, written) in _queue.GetConsumingEnumerable())
        {
            try
            {
                output.Write(data, 0, data.Length);
                output.Flush();
                written(data.Length);
            }
            catch (IOException)
            {
                written(-1);
            }
        }
    }
}
