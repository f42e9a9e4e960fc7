using Akka.Actor;
using TlsGateway.Actors.Inspection;
using TlsGateway.Actors.Listeners;

namespace TlsGateway.Actors.Connections;

/// <summary>
/// The actor of a client's connection: one <see cref="TlsConnection"/> at a time, from its <see cref="ConnectionSeed"/> to its end. Between two it waits in
/// its listener's pool, since making and stopping two actors costs more than all their messages (ADR 7).
/// </summary>
/// <remarks>
/// <para>What belongs to one connection never reaches the next: its state is an object of its own, and the actor asks for another connection only after
/// <see cref="LegEnded"/>, which comes behind all that was told to it before. What another thread may tell it later says which connection it is for.</para>
/// <para>Supervised by the listener's actor on the same loop; a failure of it or of its child stops it and ends this one connection, which loses what was in
/// flight on it. The mailbox is bounded by construction: at most one readiness message per direction, one timer, one credit message, and data up to the
/// credit given.</para>
/// </remarks>
internal sealed class TlsConnectionActor(LoopContext loop) : UntypedActor
{
    private TlsConnection? _connection;
    private IActorRef? _upstream;
    private ThrottleTimer? _throttle;
    private bool _isEnding;
    private bool _hasFailed;

    public IActorRef Reference { get; private set; } = ActorRefs.Nobody;

    /// <summary>The connection's only timer.</summary>
    public ConnectionTimer Timer { get; private set; } = null!;

    /// <summary>Tells the connection that it may move bytes again, at <paramref name="due"/> or when it was to before.</summary>
    public void Throttle(long due)
    {
        _throttle ??= new ThrottleTimer(Reference);
        if (!_throttle.IsScheduled)
            loop.Loop.Timers.Schedule(_throttle, due);
    }

    public void CancelThrottle()
    {
        if (_throttle is not null)
            loop.Loop.Timers.Cancel(_throttle);
    }

    /// <summary>The actor of the other leg, made when the first connection asks for it.</summary>
    public IActorRef Upstream => _upstream ??= Context.ActorOf(loop.UpstreamProps);

    /// <summary>Tells whoever sent the order that is being handled, if anybody.</summary>
    public void Answer(OrderAnswer answer)
    {
        if (!Sender.IsNobody() && Sender != Context.System.DeadLetters)
            Sender.Tell(answer);
    }

    protected override void PreStart()
    {
        Reference = Self;
        Timer = new ConnectionTimer(Self);
    }

    protected override void PostStop()
    {
        if (_connection is not null)
            End(_hasFailed ? CloseReason.InternalError : CloseReason.Stopped);
        // Without a sender: not to be used again.
        if (_isEnding)
            Context.Parent.Tell(ConnectionEnded.Instance, ActorRefs.NoSender);
    }

    // What a crashed connection had negotiated is gone: it ends, with both its legs.
    protected override SupervisorStrategy SupervisorStrategy() =>
        new OneForOneStrategy(_ =>
        {
            _hasFailed = true;
            return Directive.Escalate;
        });

    protected override void OnReceive(object message)
    {
        if (_connection is not { } connection)
        {
            WithoutConnection(message);
            return;
        }

        // Still set when the actor stops: a handler threw.
        _hasFailed = true;
        if (!connection.Handle(message))
            Unhandled(message);
        _hasFailed = false;
        if (!connection.IsOver)
            return;
        End(CloseReason.Stopped);
        if (connection.HasUpstream)
            _upstream!.Tell(EndLeg.Instance, ActorRefs.NoSender);
        else
            Self.Tell(LegEnded.Instance, ActorRefs.NoSender);
    }

    private void WithoutConnection(object message)
    {
        switch (message)
        {
            case ConnectionSeed seed:
                _hasFailed = true;
                _connection = new TlsConnection(seed, this);
                _connection.Begin();
                _hasFailed = false;
                break;
            case LegEnded:
                _isEnding = false;
                Context.Parent.Tell(ConnectionEnded.Instance, Self);
                break;
            case IDisposable late:
                late.Dispose();
                break;
            case IConnectionOrderMessage:
                Answer(OrderAnswer.NotFound);
                break;
            case IDataPathMessage:
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    private void End(CloseReason otherwise)
    {
        var connection = _connection!;
        _connection = null;
        _isEnding = true;
        connection.End(otherwise);
    }
}
