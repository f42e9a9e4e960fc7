using Akka.Actor;

namespace TlsGateway.Actors.Connections;

/// <summary>The actor of the upstream leg: one <see cref="UpstreamLeg"/> at a time, from its <see cref="UpstreamSeed"/> to <see cref="EndLeg"/>.</summary>
/// <remarks>
/// Child of its <see cref="TlsConnectionActor"/>, which alone stops it, so that no <see cref="Buffers.AppData"/> is sent to a dead actor; a failure ends the
/// connection. Its mailbox is bounded as its parent's is.
/// </remarks>
internal sealed class UpstreamActor : UntypedActor
{
    private UpstreamLeg? _leg;

    public IActorRef Reference { get; private set; } = ActorRefs.Nobody;

    /// <summary>The leg's only timer.</summary>
    public ConnectionTimer Timer { get; private set; } = null!;

    protected override void PreStart()
    {
        Reference = Self;
        Timer = new ConnectionTimer(Self);
    }

    protected override void PostStop() => End();

    protected override void PostRestart(Exception reason) =>
        throw new InvalidOperationException("upstream legs are stopped, never restarted");

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case UpstreamSeed seed:
                _leg = new UpstreamLeg(seed, this);
                _leg.Begin();
                break;
            case EndLeg:
                End();
                Context.Parent.Tell(LegEnded.Instance, ActorRefs.NoSender);
                break;
            default:
                if (_leg is not { } leg)
                    (message as IDisposable)?.Dispose();
                else if (!leg.Handle(message))
                    Unhandled(message);
                break;
        }
    }

    private void End()
    {
        var leg = _leg;
        _leg = null;
        leg?.End();
    }
}
