using Microsoft.Extensions.Logging;

namespace TlsGateway.Fleet;

/// <summary>What the fleet's part of a process logs; ids from 300.</summary>
internal static partial class FleetLog
{
    [LoggerMessage(300, LogLevel.Information, "One of a fleet as {Address}; members connect to {Bind}.")]
    public static partial void FleetBegins(this ILogger log, string address, string bind);

    [LoggerMessage(
        301,
        LogLevel.Warning,
        "No longer one of the fleet: it was put out by the other members, or could not reach them. Connections go on. It asks to be let in again in {Seconds} s."
    )]
    public static partial void FleetLost(this ILogger log, double seconds);

    [LoggerMessage(302, LogLevel.Error, "The fleet's part could not start: {Problem} Connections go on. Tried again in {Seconds} s.")]
    public static partial void FleetNotStarted(this ILogger log, string problem, double seconds);

    [LoggerMessage(303, LogLevel.Information, "Left the fleet.")]
    public static partial void FleetLeft(this ILogger log);

    [LoggerMessage(304, LogLevel.Warning, "The fleet was not left within {Seconds} s; the other members find out by themselves.")]
    public static partial void FleetNotLeft(this ILogger log, double seconds);

    [LoggerMessage(305, LogLevel.Warning, "Refused at the member port: {Peer}, since {Problem}.")]
    public static partial void MemberRefused(this ILogger log, string peer, string problem);

    [LoggerMessage(306, LogLevel.Information, "A new ticket key for the fleet; it seals when every member has it (version {Version}).")]
    public static partial void FleetKeyMade(this ILogger log, long version);

    [LoggerMessage(307, LogLevel.Information, "Every member has the new ticket key: it seals now (version {Version}, after {Before}).")]
    public static partial void FleetKeySeals(this ILogger log, long version, long before);

    [LoggerMessage(308, LogLevel.Information, "The fleet's part begins anew with its changed settings or certificate; connections go on.")]
    public static partial void FleetRenewed(this ILogger log);

    [LoggerMessage(309, LogLevel.Information, "{Standing} of the fleet; members: {Members}.")]
    public static partial void FleetStands(this ILogger log, Membership.FleetStanding standing, int members);

    [LoggerMessage(310, LogLevel.Warning, "Members could not be looked up: {Problem} Tried again.")]
    public static partial void MembersNotFound(this ILogger log, string problem);

    [LoggerMessage(
        311,
        LogLevel.Information,
        "Waiting for a fleet: {Found} members found of the {Wanted} that one needs, {Answered} of them answer."
    )]
    public static partial void WaitingForMembers(this ILogger log, int found, int wanted, int answered);

    [LoggerMessage(312, LogLevel.Information, "No member knows of a fleet: this one begins it.")]
    public static partial void FleetBegun(this ILogger log);

    [LoggerMessage(313, LogLevel.Warning, "No fleet is begun: another holds the lease {Lease}, or it cannot be had.")]
    public static partial void LeaseNotHad(this ILogger log, string lease);
}
