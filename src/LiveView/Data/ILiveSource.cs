using TlsGateway.Actors;

namespace TlsGateway.LiveView.Data;

/// <summary>What the pages read of a running gateway. Any thread; nothing here changes anything.</summary>
public interface ILiveSource
{
    /// <summary>The data path; null before it is up and after it has gone.</summary>
    GatewayHost? Host { get; }

    /// <summary>starting, ready, draining or stopping.</summary>
    string Phase { get; }

    /// <summary>Of the gateway.</summary>
    string Version { get; }

    /// <summary>What is served.</summary>
    IReadOnlyList<LiveCertificate> Certificates { get; }

    /// <summary>The fleet as it is seen from here.</summary>
    LiveFleet Fleet { get; }

    /// <summary>What it goes by.</summary>
    LiveConfiguration Configuration { get; }
}

/// <summary>A certificate that a listener serves.</summary>
/// <param name="Listener">Its name.</param>
/// <param name="Name">What the operator calls it.</param>
/// <param name="Names">The host names in it.</param>
/// <param name="Serial">Hexadecimal.</param>
/// <param name="NotAfter">When it ends.</param>
/// <param name="IsStapled">A valid OCSP response is at hand; null: none is asked for.</param>
public sealed record LiveCertificate(
    string Listener,
    string Name,
    IReadOnlyList<string> Names,
    string Serial,
    DateTimeOffset NotAfter,
    bool? IsStapled
);

/// <summary>The configuration and what became of it.</summary>
/// <param name="File">Where it is; "" for the one that is built in.</param>
/// <param name="Reloaded">Reloads that were done.</param>
/// <param name="Refused">Reloads that were refused and changed nothing.</param>
/// <param name="TicketKeySince">Since when tickets are sealed with the newest key.</param>
public sealed record LiveConfiguration(string File, long Reloaded, long Refused, DateTimeOffset TicketKeySince);
