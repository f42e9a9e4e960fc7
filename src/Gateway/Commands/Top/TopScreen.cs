using System.Globalization;
using System.Text.Json;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace TlsGateway.Gateway.Commands.Top;

/// <summary>A sample as a terminal shows it. Nothing that a peer sent is taken for markup.</summary>
internal static class TopScreen
{
    public static IRenderable Of(TopSample sample, Uri admin, string sort) =>
        new Rows(Summary(sample, admin), Bars(sample), Listeners(sample), Connections(sample, sort));

    private static Markup Summary(TopSample sample, Uri admin) =>
        new(
            string.Create(
                CultureInfo.InvariantCulture,
                $"[bold]{Markup.Escape(admin.Authority)}[/]  open [bold]{sample.Counts.Open}[/]  stalled [bold]{sample.Counts.Stalled}[/]  new {sample.Rate(static c => c.Connections):0.#}/s  full {sample.Rate(static c => c.FullHandshakes):0.#}/s  resumed {sample.Rate(static c => c.ResumedHandshakes):0.#}/s  failed {sample.Rate(static c => c.FailedHandshakes):0.#}/s  refused {sample.Rate(static c => c.Refused):0.#}/s  in {Bytes(sample.Rate(static c => c.ReceivedBytes))}/s  out {Bytes(sample.Rate(static c => c.SentBytes))}/s"
            )
        );

    /// <summary>Who is waited for: connections that wait, on average.</summary>
    private static IRenderable Bars(TopSample sample) =>
        new BarChart()
            .Label("[dim]waiting, connections on average, by whose doing[/]")
            .LeftAlignLabel()
            .Width(72)
            .UseValueFormatter(static (value, culture) => value.ToString("0.##", culture))
            .AddItem("client", Math.Round(sample.Rate(static c => c.StalledByClient), 2), Color.Blue)
            .AddItem("upstream", Math.Round(sample.Rate(static c => c.StalledByUpstream), 2), Color.Yellow)
            .AddItem("self", Math.Round(sample.Rate(static c => c.StalledBySelf), 2), Color.Red);

    private static Table Listeners(TopSample sample)
    {
        var table = Plain("listener", "address", "open", "limit", "stalled", "accepted");
        foreach (var listener in sample.Listeners.EnumerateArray())
        {
            table.AddRow(
                Text(listener, "name"),
                Text(listener, "address"),
                Text(listener, "connections"),
                Text(listener, "limit"),
                Text(listener, "stalled"),
                Text(listener, "accepted")
            );
        }
        return table;
    }

    private static Table Connections(TopSample sample, string sort)
    {
        var table = Plain("id", "peer", "listener", "server name", "state", "stall", "for", "client", "upstream", "self", "bytes", "age")
            .Title($"[dim]sorted by {sort}; s changes it, q ends[/]");
        foreach (var connection in sample.Connections.EnumerateArray())
        {
            var stalled = connection.GetProperty("stallSeconds");
            var bytes = connection.GetProperty("receivedBytes").GetDouble() + connection.GetProperty("sentBytes").GetDouble();
            table.AddRow(
                Text(connection, "id"),
                Text(connection, "peer"),
                Text(connection, "listener"),
                connection.TryGetProperty("hello", out var hello) ? Text(hello, "serverName") : new Text("-"),
                Text(connection, "state"),
                new Text(StallOf(connection, out var seconds)),
                new Text(seconds),
                Seconds(stalled.GetProperty("client")),
                Seconds(stalled.GetProperty("upstream")),
                Seconds(stalled.GetProperty("self")),
                new Text(Bytes(bytes)),
                Seconds(connection.GetProperty("ageSeconds"))
            );
        }
        return table;
    }

    private static string StallOf(JsonElement connection, out string seconds)
    {
        if (!connection.TryGetProperty("stall", out var stall))
        {
            seconds = "-";
            return "-";
        }
        seconds = Duration(stall.GetProperty("seconds").GetDouble());
        return $"{stall.GetProperty("cause").GetString()}: {stall.GetProperty("operation").GetString()} WANT_{stall.GetProperty("want").GetString()?.ToUpperInvariant()}";
    }

    private static Table Plain(params string[] columns)
    {
        var table = new Table().Border(TableBorder.Simple).Expand();
        foreach (var column in columns)
        {
            table.AddColumn(new TableColumn(new Text(column, new Style(decoration: Decoration.Bold))).NoWrap());
        }
        return table;
    }

    private static Text Text(JsonElement of, string name) =>
        new(of.TryGetProperty(name, out var value) && value.ToString() is { Length: > 0 } text ? text : "-");

    private static Text Seconds(JsonElement seconds) => new(Duration(seconds.GetDouble()));

    internal static string Duration(double seconds) =>
        seconds switch
        {
            < 60 => string.Create(CultureInfo.InvariantCulture, $"{seconds:0.0}s"),
            < 3600 => string.Create(CultureInfo.InvariantCulture, $"{(int)(seconds / 60)}m{seconds % 60:00}s"),
            _ => string.Create(CultureInfo.InvariantCulture, $"{(int)(seconds / 3600)}h{(int)(seconds / 60) % 60:00}m"),
        };

    internal static string Bytes(double bytes)
    {
        string[] units = ["B", "KiB", "MiB", "GiB", "TiB"];
        var unit = 0;
        for (; bytes >= 1024 && unit < units.Length - 1; unit++)
        {
            bytes /= 1024;
        }
        return string.Create(CultureInfo.InvariantCulture, $"{bytes:0.#} {units[unit]}");
    }
}
