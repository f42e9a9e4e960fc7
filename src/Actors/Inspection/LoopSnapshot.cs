namespace TlsGateway.Actors.Inspection;

/// <summary>One event loop at one instant.</summary>
/// <param name="Index">From 0.</param>
/// <param name="Delay">How long what is ready waits for its turn: the worst of the last moments.</param>
/// <param name="LongestTurn">Of the last moments.</param>
/// <param name="Busy">In turns since the start, that is not waiting for the kernel.</param>
/// <param name="Backlog">Mailboxes with messages that the last turn left for the next.</param>
/// <param name="Sockets">Open, listeners included.</param>
public sealed record LoopSnapshot(int Index, TimeSpan Delay, TimeSpan LongestTurn, TimeSpan Busy, long Backlog, long Sockets);
