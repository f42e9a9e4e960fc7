using System.Text.Json;
using Spectre.Console;
using TlsGateway.Gateway.Commands.Top;

namespace TlsGateway.Gateway.Tests.Commands.Top;

public sealed class TopScreenTests
{
    [Theory]
    [InlineData(0.04, "0.0s")]
    [InlineData(59.9, "59.9s")]
    [InlineData(75, "1m15s")]
    [InlineData(7260, "2h01m")]
    public void Times_are_short(double seconds, string expected) => Assert.Equal(expected, TopScreen.Duration(seconds));

    [Theory]
    [InlineData(0, "0 B")]
    [InlineData(1023, "1023 B")]
    [InlineData(1536, "1.5 KiB")]
    [InlineData(5e18, "4547473.5 TiB")]
    public void Amounts_have_units(double bytes, string expected) => Assert.Equal(expected, TopScreen.Bytes(bytes));

    [Fact]
    public void Series_are_added_up_by_name_and_labels()
    {
        MetricsText metrics = new(
            """
            # TYPE gateway_connections_total counter
            gateway_connections_total{listener="a"} 3
            gateway_connections_total{listener="b"} 4
            gateway_connections_total_other{listener="b"} 100
            gateway_plain 1.5
            gateway_odd{listener="a"} NaN_or_worse
            """
        );
        Assert.Equal(7, metrics.Sum("gateway_connections_total"));
        Assert.Equal(4, metrics.Sum("gateway_connections_total", "listener=\"b\""));
        Assert.Equal(1.5, metrics.Sum("gateway_plain"));
        Assert.Equal(0, metrics.Sum("gateway_odd"));
        Assert.Equal(0, metrics.Sum("gateway_nothing"));
    }

    /// <summary>A server name is the client's to choose.</summary>
    [Fact]
    public void What_a_client_sends_is_no_markup()
    {
        var connections = JsonSerializer.Deserialize<JsonElement>(
            """
            [ { "id": "0-1", "peer": "203.0.113.7:1", "listener": "web", "hello": { "serverName": "[red]evil[/]" }, "state": "open", "ageSeconds": 1,
                "stallSeconds": { "client": 0, "upstream": 0, "self": 0 }, "receivedBytes": 1, "sentBytes": 2 } ]
            """
        );
        var counts = TopCounts.Of(new MetricsText(""));
        TopSample sample = new(0, counts, Before: null, JsonSerializer.Deserialize<JsonElement>("[]"), connections);
        using StringWriter text = new();
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(text), Ansi = AnsiSupport.No });
        console.Profile.Width = 200;
        console.Write(TopScreen.Of(sample, new Uri("http://127.0.0.1:9901"), "stall"));
        Assert.Contains("[red]evil[/]", text.ToString(), StringComparison.Ordinal);
    }
}
