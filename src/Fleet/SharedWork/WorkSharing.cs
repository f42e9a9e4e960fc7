using Akka.Cluster;
using TlsGateway.Fleet.Membership;
using TlsGateway.Fleet.Protocol;
using TlsGateway.Fleet.Settings;

namespace TlsGateway.Fleet.SharedWork;

/// <summary>
/// What one member does for all: says who does it, tells what came of it, and hands on what others tell. There is one in a process, and it is there before the fleet and after it: without one this gateway does
/// everything itself. Any thread.
/// </summary>
public sealed class WorkSharing
{
    private volatile WorkView _view = WorkView.Alone;
    private volatile Line? _line;
    private long _arrivals;

    /// <summary>As of now.</summary>
    public WorkView View => _line is null ? WorkView.Alone : _view;

    /// <summary>Another number whenever members have come that may not know what was told before.</summary>
    public long Arrivals => Interlocked.Read(ref _arrivals);

    /// <summary>Gets the checks of members that come before this one for the work, with their addresses. Must be quick.</summary>
    public Action<string, HealthReport>? HealthHeard { get; set; }

    /// <summary>Gets OCSP responses of all other members, unverified, with their addresses. Must be quick.</summary>
    public Action<string, StapleReport>? StapleHeard { get; set; }

    /// <summary>A check of this member ended, or is told of again.</summary>
    public void TellHealth(string work, bool passed, string detail, bool isDown, int inARow, TimeSpan age = default) =>
        Tell(self => new HealthReport(self, work, passed, detail, isDown, inARow, age));

    /// <summary>This member has fetched an OCSP response, or tells of it again. One that is too long is not told.</summary>
    public void TellStaple(string certificate, byte[] response)
    {
        if (response.Length is > 0 and <= WorkWire.MaxResponseBytes)
        {
            Tell(self => new StapleReport(self, certificate, response));
        }
    }

    /// <summary>The fleet has changed.</summary>
    internal void Use(FleetSnapshot fleet)
    {
        var (before, next) = (_view, WorkView.Of(fleet));
        _view = next;
        if (next.Doers.Except(before.Doers, StringComparer.Ordinal).Any())
        {
            Interlocked.Increment(ref _arrivals);
        }
    }

    /// <summary>From here on what is told goes there.</summary>
    internal void Connect(Line line) => _line = line;

    /// <summary>Not any more, if it did.</summary>
    internal void Disconnect(Line line)
    {
        if (ReferenceEquals(_line, line))
        {
            _line = null;
        }
    }

    internal void Hear(HealthReport report)
    {
        var member = NameOf(report.Member);
        if (IsOwn(report.Member) || !View.Outranks(member, report.Work))
        {
            return;
        }
        HealthHeard?.Invoke(member, report);
    }

    internal void Hear(StapleReport report)
    {
        if (!IsOwn(report.Member))
        {
            StapleHeard?.Invoke(NameOf(report.Member), report);
        }
    }

    private void Tell(Func<UniqueAddress, IFleetMessage> what)
    {
        if (_line is { } line && _view.HasOthers)
        {
            line.Say(what(line.Self));
        }
    }

    private bool IsOwn(UniqueAddress member) => _line is not { } line || member.Equals(line.Self);

    private static string NameOf(UniqueAddress member) => new FleetAddress(member.Address.Host ?? "", member.Address.Port ?? 0).ToString();

    /// <summary>To the other members, while an incarnation lasts.</summary>
    internal sealed record Line(UniqueAddress Self, Action<IFleetMessage> Say);
}
