using System.Net;
using TlsGateway.Gateway.Configuration.Reading;
using TlsGateway.Gateway.Configuration.Values;

namespace TlsGateway.Gateway.Tests.Configuration;

/// <summary>Durations, sizes, addresses and names as operators write them.</summary>
public sealed class ValueTextTests
{
    [Theory]
    [InlineData("0s", 0)]
    [InlineData("500ms", 500)]
    [InlineData("30s", 30_000)]
    [InlineData("5m", 300_000)]
    [InlineData("1h30m", 5_400_000)]
    [InlineData("1h2m3s4ms", 3_723_004)]
    public void A_duration_is_read_and_written_back(string text, long milliseconds)
    {
        Assert.True(DurationText.TryParse(text, out var duration, out _));
        Assert.Equal(TimeSpan.FromMilliseconds(milliseconds), duration);
        Assert.Equal(text, DurationText.Format(duration));
    }

    [Theory]
    [InlineData("")]
    [InlineData("5")]
    [InlineData("s")]
    [InlineData("-5s")]
    [InlineData("1.5s")]
    [InlineData("1 s")]
    [InlineData("30S")]
    [InlineData("1s1h")]
    [InlineData("1s1s")]
    [InlineData("1d")]
    [InlineData("1h30")]
    [InlineData("9999999999h")]
    [InlineData("٣s")]
    public void What_is_no_duration_is_refused_with_a_reason(string text)
    {
        Assert.False(DurationText.TryParse(text, out _, out var problem));
        Assert.NotEmpty(problem);
    }

    [Theory]
    [InlineData("0", 0)]
    [InlineData("100", 100)]
    [InlineData("16KiB", 16_384)]
    [InlineData("3MiB", 3_145_728)]
    [InlineData("2GiB", 2_147_483_648)]
    public void A_size_is_read_and_written_back(string text, long bytes)
    {
        Assert.True(SizeText.TryParse(text, out var read, out _));
        Assert.Equal(bytes, read);
        Assert.Equal(text, SizeText.Format(bytes));
    }

    [Theory]
    [InlineData("", null)]
    [InlineData("KiB", null)]
    [InlineData("-1", null)]
    [InlineData("1.5MiB", null)]
    [InlineData("1TiB", null)]
    [InlineData("9999999999", null)]
    [InlineData("16k", "16KiB")]
    [InlineData("16KB", "16KiB")]
    [InlineData("16kib", "16KiB")]
    [InlineData("1MB", "1MiB")]
    [InlineData("1G", "1GiB")]
    public void What_is_no_size_is_refused_with_the_unit_that_was_meant(string text, string? hint)
    {
        Assert.False(SizeText.TryParse(text, out _, out var problem));
        Assert.Contains(hint ?? "not a size", problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("0.0.0.0:8443", "0.0.0.0:8443")]
    [InlineData("[::]:8443", "[::]:8443")]
    [InlineData("[::1]:0", "[::1]:0")]
    [InlineData("localhost:8443", "127.0.0.1:8443")]
    [InlineData("10.1.2.3:65535", "10.1.2.3:65535")]
    public void An_address_to_listen_on_is_read(string text, string endPoint)
    {
        Assert.True(AddressText.TryParseBind(text, out var read, out var problem), problem);
        Assert.Equal(IPEndPoint.Parse(endPoint), read);
    }

    [Fact]
    public void A_port_alone_is_every_address()
    {
        Assert.True(AddressText.TryParseBind(":8443", out var read, out _));
        Assert.True(read.Address.Equals(IPAddress.IPv6Any) || read.Address.Equals(IPAddress.Any));
    }

    [Theory]
    [InlineData("8443")]
    [InlineData("localhost")]
    [InlineData(":")]
    [InlineData(":x")]
    [InlineData(":-1")]
    [InlineData(":65536")]
    [InlineData("::1:8443")]
    [InlineData("[::1:8443")]
    [InlineData("[127.0.0.1]:80")]
    [InlineData("127.1:80")]
    [InlineData("host.test:80")]
    [InlineData("a b:80")]
    public void What_is_no_address_to_listen_on_is_refused(string text) => Assert.False(AddressText.TryParseBind(text, out _, out _));

    [Theory]
    [InlineData("127.0.0.1:1", "127.0.0.1:1", true)]
    [InlineData("0.0.0.0:1", "127.0.0.1:1", true)]
    [InlineData("127.0.0.1:1", "[::]:1", true)]
    [InlineData("[::1]:1", "0.0.0.0:1", false)]
    [InlineData("127.0.0.1:1", "127.0.0.2:1", false)]
    [InlineData("127.0.0.1:1", "127.0.0.1:2", false)]
    [InlineData("127.0.0.1:0", "127.0.0.1:0", false)]
    public void Addresses_conflict_when_one_socket_would_take_the_others_connections(string left, string right, bool conflict) =>
        Assert.Equal(conflict, AddressText.Conflict(IPEndPoint.Parse(left), IPEndPoint.Parse(right)));

    [Theory]
    [InlineData("", "", 0)]
    [InlineData("abc", "", 3)]
    [InlineData("bind", "bidn", 1)]
    [InlineData("bind", "binds", 1)]
    [InlineData("kitten", "sitting", 3)]
    public void Edits_between_words_are_counted(string left, string right, int edits)
    {
        Assert.Equal(edits, NearestName.EditDistance(left, right));
        Assert.Equal(edits, NearestName.EditDistance(right, left));
    }

    [Fact]
    public void The_nearest_name_is_suggested_and_a_far_one_is_not()
    {
        Assert.Equal("timeouts", NearestName.Find("Timeout", ["tls", "timeouts", "limits"]));
        Assert.Null(NearestName.Find("zebra", ["tls", "timeouts", "limits"]));
    }

    [Theory]
    [InlineData("plain $text {x}", "plain $text {x}")]
    [InlineData("${A}", "1")]
    [InlineData("a${A}b${B:-c}d", "a1bcd")]
    [InlineData("${EMPTY}", "")]
    [InlineData("${EMPTY:-x}", "x")]
    [InlineData("$${A}", "${A}")]
    [InlineData("$${A}${A}", "${A}1")]
    [InlineData("${NESTED}", "${A}")]
    public void Variables_are_put_in_once(string text, string expected)
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["A"] = "1",
            ["EMPTY"] = "",
            ["NESTED"] = "${A}",
        };
        Assert.True(EnvironmentSubstitution.TryExpand(text, variables.GetValueOrDefault, out var expanded, out _));
        Assert.Equal(expected, expanded);
    }
}
