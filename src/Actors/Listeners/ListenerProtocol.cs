using Akka.Actor;

namespace TlsGateway.Actors.Listeners;

/// <summary>Messages of <see cref="ListenerActor"/> and <see cref="LoopSupervisorActor"/>; all stay in the process.</summary>
internal static class ListenerProtocol
{
    /// <summary>To the supervisor: make a listener on this loop. <paramref name="Fd"/> is bound and listening and owned by the receiver.</summary>
    internal sealed record OpenListener(int Fd, ListenerGeneration Generation, Metrics.ListenerCounters Counters, Limits.LimitState Limits)
        : INoSerializationVerificationNeeded;

    /// <summary>To the supervisor, by listener name: connections from now on take this generation. Answered with <see cref="Done"/>.</summary>
    internal sealed record UseGeneration(string Listener, ListenerGeneration Generation) : INoSerializationVerificationNeeded;

    /// <summary>To the supervisor: accept no more on this listener; its connections go on. Answered with <see cref="Done"/>.</summary>
    internal sealed record CloseListener(string Listener) : INoSerializationVerificationNeeded;

    /// <summary>Accept no more, tell connections that the gateway drains. Answered with <see cref="Done"/> when the last connection ended.</summary>
    internal sealed class BeginDrain : INoSerializationVerificationNeeded
    {
        public static BeginDrain Instance { get; } = new();
    }

    /// <summary>To the supervisor: memory is short. Gives buffers back and, if <paramref name="ClosesIdle"/>, closes some of the connections that are idle, the longest idle first.</summary>
    internal sealed record GiveBackMemory(bool ClosesIdle) : INoSerializationVerificationNeeded;

    /// <summary>To the supervisor: hand over the last events, and tell no more. Answered with <see cref="Done"/>.</summary>
    internal sealed class EndEvents : INoSerializationVerificationNeeded
    {
        public static EndEvents Instance { get; } = new();
    }

    /// <summary>To the supervisor: connections come from other members too. <paramref name="Fd"/> is bound and listening and owned by the receiver. Answered with <see cref="Done"/>.</summary>
    internal sealed record OpenRelayPort(int Fd) : INoSerializationVerificationNeeded;

    /// <summary>
    /// To the supervisor: a gateway drains. Close connections on which nothing has happened <paramref name="Since"/> an instant of the loops' clock, the longest idle first; what this loop has not goes on to
    /// the next. It goes round twice: at first each closes its share of what is left, then all that it can.
    /// </summary>
    /// <param name="Count">At most so many, by all.</param>
    /// <param name="Since">The instant.</param>
    /// <param name="Origin">Those that this member relays here; null: any.</param>
    /// <param name="Supervisors">Of all loops.</param>
    /// <param name="At">Whose turn it is, by number modulo loops.</param>
    /// <param name="Turns">Left, with this one.</param>
    internal sealed record CloseIdle(int Count, long Since, string? Origin, IReadOnlyList<IActorRef> Supervisors, int At, int Turns)
        : INoSerializationVerificationNeeded
    {
        /// <summary>Of this loop.</summary>
        public int Share => Turns > Supervisors.Count ? (Count + Turns - Supervisors.Count - 1) / (Turns - Supervisors.Count) : Count;

        /// <param name="first">Where to begin, by number modulo loops.</param>
        public static void Begin(IReadOnlyList<IActorRef> supervisors, int first, int count, long since, string? origin) =>
            new CloseIdle(count, since, origin, supervisors, (int)((uint)first % (uint)supervisors.Count), 2 * supervisors.Count).Send();

        /// <summary>This loop has closed some.</summary>
        public void Next(int closed)
        {
            if (Count > closed && Turns > 1)
                (this with { Count = Count - closed, At = (At + 1) % Supervisors.Count, Turns = Turns - 1 }).Send();
        }

        private void Send() => Supervisors[At].Tell(this, ActorRefs.NoSender);
    }

    /// <summary>To the supervisor: other members have more room. Close <paramref name="Count"/> connections at most: those idle since <paramref name="IdleSince"/>, then those that began before <paramref name="BegunBefore"/>.</summary>
    internal sealed record Retire(int Count, long IdleSince, long BegunBefore) : INoSerializationVerificationNeeded;

    /// <summary>To the supervisor: the member that relays these connections here is about to end. Close them.</summary>
    internal sealed record CloseRelayed(string Origin) : INoSerializationVerificationNeeded;

    /// <summary>The drain time is over: close what is open.</summary>
    internal sealed class EndDrain : INoSerializationVerificationNeeded
    {
        public static EndDrain Instance { get; } = new();
    }

    internal sealed class Done : INoSerializationVerificationNeeded
    {
        public static Done Instance { get; } = new();
    }

    /// <summary>Of a listener, to its supervisor: its last connection ended after <see cref="BeginDrain"/>.</summary>
    internal sealed class Drained : INoSerializationVerificationNeeded
    {
        public static Drained Instance { get; } = new();
    }
}

/// <summary>A connection has ended and given back all it had. From its actor, which can have another now; without a sender when the actor is gone too.</summary>
internal sealed class ConnectionEnded : IDataPathMessage
{
    private ConnectionEnded() { }

    public static ConnectionEnded Instance { get; } = new();
}
