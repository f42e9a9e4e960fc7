using System.Collections.Concurrent;
using TlsGateway.Actors.Health;
using TlsGateway.Fleet.SharedWork;

namespace TlsGateway.Gateway.SharedWork;

/// <summary>Health checks of endpoints, divided among the members of a fleet. Any thread.</summary>
internal sealed class SharedChecks : ISharedChecks
{
    private readonly WorkSharing _work;
    private readonly ConcurrentDictionary<string, Action<SharedCheck>> _hearing = new(StringComparer.Ordinal);

    public SharedChecks(WorkSharing work)
    {
        _work = work;
        work.HealthHeard = Hear;
    }

    public bool IsMine(string work) => _work.View.Does(work);

    public void Tell(string work, SharedCheck check) =>
        _work.TellHealth(work, check.Passed, check.Detail, check.IsDown, check.InARow, check.Age);

    public IDisposable Hear(string work, Action<SharedCheck> heard)
    {
        _hearing[work] = heard;
        return new Hearing(this, new KeyValuePair<string, Action<SharedCheck>>(work, heard));
    }

    /// <summary>What is not checked here, or otherwise, is nobody's.</summary>
    private void Hear(string member, HealthReport report)
    {
        if (_hearing.TryGetValue(report.Work, out var heard))
        {
            heard(new SharedCheck(report.Passed, report.Detail, report.IsDown, report.InARow, report.Age, member));
        }
    }

    private sealed class Hearing(SharedChecks checks, KeyValuePair<string, Action<SharedCheck>> one) : IDisposable
    {
        public void Dispose() => checks._hearing.TryRemove(one);
    }
}
