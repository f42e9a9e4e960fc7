using Akka.Actor;
using Akka.Cluster;
using Akka.Coordination;
using Akka.Discovery;
using Microsoft.Extensions.Logging;
using TlsGateway.Fleet.Protocol;
using TlsGateway.Fleet.Settings;

namespace TlsGateway.Fleet.Formation;

/// <summary>
/// Looks members up, asks them for a fleet and joins it. When none of them is in one, the one with the lowest address begins it, once enough are there, all answer, and it holds the lease: so two halves
/// that do not see each other do not both begin.
/// </summary>
internal sealed class DiscoveredFormation(
    ActorSystem system,
    Cluster cluster,
    FleetSettings settings,
    FleetDiscovery discovery,
    ILogger log
)
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan AnswerPatience = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan JoinPatience = TimeSpan.FromSeconds(20);

    /// <summary>What is found has to be the same so many times.</summary>
    private const int StableRounds = 3;

    /// <summary>Members that are asked; any of a fleet is enough.</summary>
    private const int MaxAsked = 20;

    private string _said = "";

    public async Task JoinAsync(CancellationToken stop)
    {
        system.ActorOf(Props.Create(static () => new FormationActor()), FormationActor.Name);
        var service = Discovery.Get(system).LoadServiceDiscovery(discovery.Method);
        var lease = LeaseProvider.Get(system).GetLease(discovery.LeaseName, discovery.LeasePath, settings.Advertised.ToString());
        List<Address> before = [];
        var rounds = 0;
        while (!stop.IsCancellationRequested && !system.WhenTerminated.IsCompleted)
        {
            var found = await LookUpAsync(service).ConfigureAwait(false);
            if (found is not null)
            {
                rounds = found.SequenceEqual(before) ? rounds + 1 : 1;
                before = found;
                var answers = await Task.WhenAll(found.Where(IsOther).Take(MaxAsked).Select(AskAsync)).ConfigureAwait(false);
                if (answers.FirstOrDefault(static answer => answer is { Members.Count: > 0 }) is { } fleet)
                {
                    if (await IsLetInAsync(fleet.Members, stop).ConfigureAwait(false))
                    {
                        return;
                    }
                }
                else if (MayBegin(found, answers, rounds) && await BeginAsync(lease).ConfigureAwait(false))
                {
                    return;
                }
            }
            await Task.Delay(Every, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task<List<Address>?> LookUpAsync(ServiceDiscovery service)
    {
        try
        {
            var resolved = await service.Lookup(new Lookup(discovery.Service), AnswerPatience).ConfigureAwait(false);
            return
            [
                .. resolved
                    .Addresses.Select(target => new Address(
                        cluster.SelfAddress.Protocol,
                        cluster.SelfAddress.System,
                        target.Host,
                        target.Port ?? cluster.SelfAddress.Port
                    ))
                    .Append(cluster.SelfAddress)
                    .Distinct()
                    .OrderBy(static address => address.Host, StringComparer.Ordinal)
                    .ThenBy(static address => address.Port),
            ];
        }
        catch (Exception failed)
        {
            Say(failed.Message, () => log.MembersNotFound(failed.Message));
            return null;
        }
    }

    private bool IsOther(Address address) => !address.Equals(cluster.SelfAddress);

    private async Task<FormationAnswer?> AskAsync(Address address)
    {
        try
        {
            return await system
                .ActorSelection(new RootActorPath(address) / "user" / FormationActor.Name)
                .Ask<FormationAnswer>(FormationQuestion.Instance, AnswerPatience)
                .ConfigureAwait(false);
        }
        catch (AskTimeoutException)
        {
            return null;
        }
    }

    private async Task<bool> IsLetInAsync(IReadOnlyList<Address> members, CancellationToken stop)
    {
        var up = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        cluster.RegisterOnMemberUp(() => up.TrySetResult());
        Join(members);
        await up.Task.WaitAsync(JoinPatience, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return up.Task.IsCompleted;
    }

    private bool MayBegin(List<Address> found, FormationAnswer?[] answers, int rounds)
    {
        var answered = answers.Count(static answer => answer is not null);
        if (found.Count < discovery.ContactPoints || answered < answers.Length)
        {
            Say($"{found.Count}/{answered}", () => log.WaitingForMembers(found.Count, discovery.ContactPoints, answered + 1));
            return false;
        }
        return rounds >= StableRounds && found[0].Equals(cluster.SelfAddress);
    }

    private async Task<bool> BeginAsync(Lease lease)
    {
        try
        {
            if (await lease.Acquire().ConfigureAwait(false))
            {
                log.FleetBegun();
                Join([cluster.SelfAddress]);
                return true;
            }
        }
        catch (LeaseException refused)
        {
            Say(refused.Message, () => log.MembersNotFound(refused.Message));
            return false;
        }
        Say(discovery.LeaseName, () => log.LeaseNotHad(discovery.LeaseName));
        return false;
    }

    /// <summary>Alone in the list, it begins a fleet.</summary>
    private void Join(IEnumerable<Address> members) => cluster.JoinSeedNodes(members);

    /// <summary>Not the same every second.</summary>
    private void Say(string what, Action say)
    {
        if (_said != what)
        {
            _said = what;
            say();
        }
    }
}
