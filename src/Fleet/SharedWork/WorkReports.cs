using Akka.Cluster;
using TlsGateway.Fleet.Protocol;

namespace TlsGateway.Fleet.SharedWork;

/// <summary>A health check ended, or is told of again.</summary>
/// <param name="Member">Who did it.</param>
/// <param name="Work">What was checked, and how: <see cref="WorkWire.DigestBytes"/> in hexadecimal.</param>
/// <param name="Passed">This check.</param>
/// <param name="Detail">How, or why not.</param>
/// <param name="IsDown">The verdict after it.</param>
/// <param name="InARow">So many checks in a row that ended alike.</param>
/// <param name="Age">Since it ended; 0: just now.</param>
public sealed record HealthReport(
    UniqueAddress Member,
    string Work,
    bool Passed,
    string Detail,
    bool IsDown,
    int InARow,
    TimeSpan Age = default
) : IFleetMessage;

/// <summary>An OCSP response was fetched, or is told of again. Whoever hears it verifies it.</summary>
/// <param name="Member">Who did it.</param>
/// <param name="Certificate">SHA-256 of the leaf that it is about, in hexadecimal.</param>
/// <param name="Response">DER, at most <see cref="WorkWire.MaxResponseBytes"/>.</param>
public sealed record StapleReport(UniqueAddress Member, string Certificate, byte[] Response) : IFleetMessage;
