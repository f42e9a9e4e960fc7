using System.Buffers;
using System.Text;
using System.Text.Json;
using TlsGateway.Actors.Events;
using TlsGateway.Gateway.AccessLogs;

namespace TlsGateway.Gateway.Tests.AccessLogs;

public sealed class AccessLogFormatTests
{
    [Fact]
    public void A_line_of_text_has_the_fields_of_its_template()
    {
        Assert.Equal(
            "2026-11-26T12:00:01.500000Z web 203.0.113.7:51712 www.example.org 1.3 TLS_AES_128_GCM_SHA256 resumed web 10.0.0.5:8080 1000 200000 0.012500 1.500000 0.600000/0.000000/0.000001 client_alert\n",
            Text(AccessLogFields.DefaultTemplate, Ends.Full)
        );
    }

    [Fact]
    public void What_a_connection_has_not_is_a_dash_in_text_and_left_out_of_JSON()
    {
        Assert.Equal(
            "- - - - - - client_closed_before_hello\n",
            Text("{server_name} {tls_version} {handshake_seconds} {longest_stall} {alert} {ja4} {reason}", Ends.Silent)
        );
        var json = Json(AccessLogFields.All, Ends.Silent);
        Assert.False(json.TryGetProperty("server_name", out _));
        Assert.False(json.TryGetProperty("handshake_seconds", out _));
        Assert.Equal("client_closed_before_hello", json.GetProperty("reason").GetString());
    }

    [Fact]
    public void JSON_has_numbers_as_numbers_and_every_field_by_its_name()
    {
        var json = Json(
            AccessLogFields.All,
            Ends.Full with
            {
                HandshakeLookUp = TimeSpan.FromSeconds(1),
                UpstreamNegotiated = Ends.Full.Negotiated,
            }
        );
        Assert.Equal(200_000, json.GetProperty("bytes_sent").GetInt64());
        Assert.Equal(0.0125, json.GetProperty("handshake_seconds").GetDouble());
        Assert.Equal("write/write/downstream/client", json.GetProperty("longest_stall").GetString());
        Assert.Equal("unknown_ca", json.GetProperty("alert").GetString());
        Assert.Equal("received", json.GetProperty("alert_direction").GetString());
        var missing = AccessLogFields.All.Select(static field => field.Name).Except(json.EnumerateObject().Select(static p => p.Name));
        Assert.Equal(["client_serial", "client_subject"], missing.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData(0, "0.000000", "0")]
    [InlineData(4, "0.000000", "0")]
    [InlineData(5, "0.000001", "0.000001")]
    [InlineData(125_000, "0.012500", "0.0125")]
    [InlineData(9_999_995, "1.000000", "1")]
    [InlineData(100_000_000, "10.000000", "10")]
    [InlineData(-1, "0.000000", "0")]
    [InlineData(long.MaxValue - 5, "922337203685.477580", "922337203685.47758")]
    public void Seconds_have_six_decimals_and_in_JSON_none_that_say_nothing(long ticks, string text, string json)
    {
        var end = Ends.Full with { Duration = TimeSpan.FromTicks(ticks) };
        Assert.Equal($"{text}\n", Text("{duration_seconds}", end));
        Assert.Equal(json, Json([AccessLogFields.Find("duration_seconds")!], end).GetProperty("duration_seconds").GetRawText());
    }

    /// <summary>A server name is the client's to choose, certificate subjects are somebody's.</summary>
    [Theory]
    [InlineData("two words", "\"two words\"")]
    [InlineData("line\nbreak", "\"line\\nbreak\"")]
    [InlineData("quote\"", "\"quote\\u0022\"")]
    [InlineData("back\\slash", "\"back\\\\slash\"")]
    [InlineData("\u001b[31mred", "\"\\u001B[31mred\"")]
    [InlineData("\u0080\u00ff", "\"\\u0080\\u00FF\"")]
    public void What_a_client_sends_stays_one_word_of_one_line(string serverName, string expected)
    {
        var end = Ends.Full with { Hello = Ends.Named(serverName) };
        Assert.Equal($"{expected} web\n", Text("{server_name} {listener}", end));
        Assert.Equal(serverName, Json([AccessLogFields.Find("server_name")!], end).GetProperty("server_name").GetString());
    }

    [Fact]
    public void Braces_are_written_twice() => Assert.Equal("{web}\n", Text("{{{listener}}}", Ends.Full));

    [Theory]
    [InlineData("{tiem}", "which names a field {tiem} that there is not. Did you mean {time}?")]
    [InlineData("{}", "which names a field {} that there is not")]
    [InlineData("{time", "which has a { without }")]
    [InlineData("time}", "which has a } without {")]
    [InlineData("{time}\n{client}", "which is more than one line")]
    public void A_wrong_template_is_refused_with_the_reason(string template, string expected)
    {
        Assert.Null(AccessLogFormat.Template(template, out var problem));
        Assert.Equal(expected, problem);
    }

    [Fact]
    public void Formats_with_the_same_text_are_the_same()
    {
        Assert.Equal(AccessLogFormat.Template("{time}", out _), AccessLogFormat.Template("{time}", out _));
        Assert.NotEqual(AccessLogFormat.Template("{time}", out _), AccessLogFormat.Template("{client}", out _));
        Assert.NotEqual(AccessLogFormat.Template("time", out _), AccessLogFormat.Json([AccessLogFields.Find("time")!]));
    }

    private static string Text(string template, ConnectionEnd end)
    {
        var format = AccessLogFormat.Template(template, out var problem);
        Assert.Equal("", problem);
        return Line(format!, end);
    }

    private static JsonElement Json(IReadOnlyList<AccessLogField> fields, ConnectionEnd end)
    {
        var line = Line(AccessLogFormat.Json(fields), end);
        Assert.Equal(line.Length - 1, line.IndexOf('\n', StringComparison.Ordinal));
        return JsonSerializer.Deserialize<JsonElement>(line);
    }

    private static string Line(AccessLogFormat format, ConnectionEnd end)
    {
        ArrayBufferWriter<byte> output = new();
        format.Write(end, output);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }
}
