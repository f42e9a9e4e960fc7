namespace TlsGateway.Transport;

/// <summary>
/// A pipe through which bytes go from one socket to another without being copied into the process (splice(2)). From a <see cref="SplicePipePool"/>; loop thread only.
/// </summary>
public sealed class SplicePipe
{
    internal SplicePipe(int readEnd, int writeEnd) => (ReadEnd, WriteEnd) = (readEnd, writeEnd);

    /// <summary>Bytes that were taken from a socket and not yet given to another.</summary>
    public int Count { get; internal set; }

    internal int ReadEnd { get; }

    internal int WriteEnd { get; }

    internal void Close()
    {
        TcpSocket.Close(ReadEnd);
        TcpSocket.Close(WriteEnd);
    }
}
