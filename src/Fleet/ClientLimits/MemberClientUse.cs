using Akka.Cluster;
using TlsGateway.Actors.Limits;
using TlsGateway.Fleet.Protocol;

namespace TlsGateway.Fleet.ClientLimits;

/// <summary>What client networks have at a member. Once a second, to all, as long as there is something to say and once after it.</summary>
/// <param name="Member">Whose.</param>
/// <param name="Sequence">Of its incarnation, from 1.</param>
/// <param name="Use">What is not in it is below what is told.</param>
public sealed record MemberClientUse(UniqueAddress Member, long Sequence, ClientUse Use) : IFleetMessage;
