using System.Globalization;
using Spectre.Console;
using Spectre.Console.Rendering;
using TlsGateway.Gateway.Admin.Views;

namespace TlsGateway.Gateway.Commands.Top;

/// <summary>A fleet as a terminal shows it: a line for each member, and what they disagree on.</summary>
internal static class FleetScreen
{
    public static IRenderable Of(FleetView fleet, Uri admin) =>
        new Rows([
            Summary(fleet, admin),
            .. fleet.Disagreements.Select(static one => new Markup($"[red]{Markup.Escape(one)}[/]")),
            Members(fleet),
        ]);

    private static Markup Summary(FleetView fleet, Uri admin)
    {
        var up = fleet.Members.Count(static member => member is { Status: "up", Reachable: true });
        return new Markup(
            string.Create(
                CultureInfo.InvariantCulture,
                $"[bold]{Markup.Escape(admin.Authority)}[/]  {Markup.Escape(fleet.Standing)}  up [bold]{up}[/] of {fleet.Members.Count}  open [bold]{fleet.Members.Sum(static one => one.Connections ?? 0)}[/]  handshakes {fleet.Members.Sum(static one => one.HandshakesPerSecond ?? 0):0.#}/s"
            )
        );
    }

    private static Table Members(FleetView fleet)
    {
        var table = new Table()
            .Border(TableBorder.Simple)
            .Expand()
            .Title("[dim]* answers here; the oldest makes the ticket keys; q ends[/]");
        string[] columns =
        [
            "member",
            "address",
            "status",
            "phase",
            "open",
            "limit",
            "relayed",
            "handsh./s",
            "loop",
            "client",
            "upstream",
            "self",
            "gen.",
            "config",
            "keys",
            "cert. left",
            "version",
        ];
        foreach (var column in columns)
        {
            table.AddColumn(new TableColumn(new Text(column, new Style(decoration: Decoration.Bold))).NoWrap());
        }
        foreach (var member in fleet.Members)
        {
            table.AddRow([.. Cells(member).Select(static cell => new Text(cell))]);
        }
        return table;
    }

    private static string[] Cells(FleetMemberView member) =>
        [
            member.Name + (member.Self ? " *" : ""),
            member.Address,
            (member.Reachable ? member.Status : "unreachable") + (member.Oldest ? ", oldest" : ""),
            member.Drain is { } drain ? $"draining, {drain.Left} left, {TopScreen.Duration(drain.EstimateSeconds)}" : member.Phase ?? "-",
            Number(member.Connections),
            Number(member.Limit),
            Number(member.Relayed),
            member.HandshakesPerSecond?.ToString("0.#", CultureInfo.InvariantCulture) ?? "-",
            member.LoopDelaySeconds is { } delay ? string.Create(CultureInfo.InvariantCulture, $"{delay * 1000:0.0}ms") : "-",
            Number(member.Stalled?.Client),
            Number(member.Stalled?.Upstream),
            Number(member.Stalled?.Self),
            Number(member.Generation),
            member.Configuration ?? "-",
            member.TicketKeyAgeSeconds is { } age ? $"{member.TicketKeys} {TopScreen.Duration(age)}" : "-",
            member.Certificates.Count == 0
                ? "-"
                : string.Create(CultureInfo.InvariantCulture, $"{member.Certificates.Min(static one => one.DaysLeft):0}d"),
            member.Version?.Split('+')[0] ?? "-",
        ];

    private static string Number(long? number) => number?.ToString(CultureInfo.InvariantCulture) ?? "-";
}
