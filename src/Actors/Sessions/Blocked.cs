namespace TlsGateway.Actors.Sessions;

/// <summary>
/// The calls that could not finish and what each waits for; Rescorla's <c>write_blocked_on_read</c> and <c>read_blocked_on_write</c> and their
/// six siblings. A call is in at most one of its two states.
/// </summary>
[Flags]
public enum Blocked
{
    None = 0,
    HandshakeOnRead = 1 << 0,
    HandshakeOnWrite = 1 << 1,
    ReadOnRead = 1 << 2,
    ReadOnWrite = 1 << 3,
    WriteOnRead = 1 << 4,
    WriteOnWrite = 1 << 5,
    ShutdownOnRead = 1 << 6,
    ShutdownOnWrite = 1 << 7,

    OnRead = HandshakeOnRead | ReadOnRead | WriteOnRead | ShutdownOnRead,
    OnWrite = HandshakeOnWrite | ReadOnWrite | WriteOnWrite | ShutdownOnWrite,
}
