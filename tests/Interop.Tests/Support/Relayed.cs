using System.Net;
using TlsGateway.Actors.Relaying;
using TlsGateway.Tls.Tickets;
using TlsGateway.Transport;

namespace TlsGateway.Interop.Tests.Support;

/// <summary>Gateways that hand connections over.</summary>
internal static class Relayed
{
    private static readonly TicketKey s_key = TicketKey.Create();

    /// <summary>A relay port on loopback; the key is the same for all, unless another is given.</summary>
    public static RelaySettings Settings(IRelayPlacement placement, TicketKey? key = null)
    {
        RelayKeyRing keys = new();
        keys.Use([key ?? s_key], sealing: 0);
        return new RelaySettings
        {
            Bind = new IPEndPoint(IPAddress.Loopback, 0),
            Self = "origin:4053",
            Keys = keys,
            Placement = placement,
        };
    }

    /// <summary>Connections that were to be handed over from there, with this outcome.</summary>
    public static double Sent(RunningGateway gateway, string outcome) => Count(gateway, "gateway.relay.sent_connections", outcome);

    /// <summary>Connections that came to the relay port, with this outcome.</summary>
    public static double Received(RunningGateway gateway, string outcome) => Count(gateway, "gateway.relay.received_connections", outcome);

    private static double Count(RunningGateway gateway, string instrument, string outcome)
    {
        using var scrape = MetricCapture.Start(gateway.Host.Metrics);
        scrape.Observe();
        return scrape.Sum(instrument, ("outcome", outcome));
    }
}

/// <summary>All connections go to one member, once it is set; until then they are served where they come.</summary>
internal sealed class FixedPlacement : IRelayPlacement
{
    private volatile RelayTarget? _target;

    public RelayTarget? Place() => _target;

    public void Use(IPEndPoint? member) => _target = member is null ? null : new RelayTarget("target:4053", InetEndPoint.From(member));
}
