using Akka.Actor;
using Akka.Routing;

namespace TlsGateway.Fleet.Balancing;

/// <summary>
/// The routing logic of the fleet: of two members by chance, the lighter one, if it is lighter than this one (power of two choices; Mitzenmacher 2001). Two, since all members decide with a view that is a second
/// old: if each took the lightest, all would choose the same. Without a lighter one the message goes nowhere.
/// </summary>
/// <param name="weights">What is known of members.</param>
/// <param name="random">From 0 to below 1.</param>
internal sealed class LighterMemberLogic(KnownWeights weights, Func<double> random) : RoutingLogic
{
    public override Routee Select(object message, Routee[] routees)
    {
        var able = routees
            .Select(routee => (Routee: routee, Weight: AddressOf(routee) is { } address ? weights.Find(address) : null))
            .Where(one => one.Weight < weights.Own)
            .ToList();
        if (able.Count == 0)
        {
            return Routee.NoRoutee;
        }
        var first = Pick(able.Count);
        var second = Pick(able.Count - 1);
        var other = able.Count == 1 ? able[first] : able[second < first ? second : second + 1];
        var chosen = able[first].Weight <= other.Weight ? able[first] : other;
        if (message is Protocol.RoomQuestion question)
        {
            weights.Add(AddressOf(chosen.Routee)!, question.Wanted);
        }
        return chosen.Routee;
    }

    private int Pick(int count) => Math.Min((int)(random() * count), Math.Max(0, count - 1));

    private static Address? AddressOf(Routee routee) =>
        routee switch
        {
            ActorSelectionRoutee selected => selected.Selection.Anchor.Path.Address,
            ActorRefRoutee direct => direct.Actor.Path.Address,
            _ => null,
        };
}
