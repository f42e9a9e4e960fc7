using TlsGateway.Gateway.Tests.Support;
using TlsGateway.Gateway.Tickets;
using TlsGateway.Tls.Tickets;

namespace TlsGateway.Gateway.Tests.Tickets;

public sealed class TicketKeyFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Raw_and_base64_keys_are_the_same_keys_newest_first()
    {
        var bytes = Keys(2);
        var raw = Write("raw", bytes);
        var lines = Write(
            "lines",
            System.Text.Encoding.ASCII.GetBytes(
                $"{Convert.ToBase64String(bytes.AsSpan(0, 80))}\r\n\n{Convert.ToBase64String(bytes.AsSpan(80))}\n"
            )
        );
        var first = TicketKeyFile.Read(raw, out _)!;
        var second = TicketKeyFile.Read(lines, out _)!;
        Assert.Equal(2, first.Count);
        Assert.True(first[0].IsSameAs(second[0]) && first[1].IsSameAs(second[1]));
        Assert.Equal(bytes.AsSpan(0, TicketKey.NameBytes), first[0].Name);
    }

    [Theory]
    [InlineData(79, "79 bytes, not a multiple of 80")]
    [InlineData(9 * 80, "9 keys")]
    [InlineData(5000, "5000 bytes")]
    public void A_file_of_another_size_is_refused(int length, string message)
    {
        Assert.Null(TicketKeyFile.Read(Write("keys", Keys(100)[..length]), out var problem));
        Assert.Contains(message, problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "0 keys")]
    [InlineData("not base64!", "not 80 bytes in base64")]
    [InlineData("QUJD", "not 80 bytes in base64")]
    public void Text_that_is_no_key_is_refused_and_not_shown(string text, string message)
    {
        Assert.Null(TicketKeyFile.Read(_folder.Write("keys", text), out var problem));
        Assert.Contains(message, problem, StringComparison.Ordinal);
        Assert.True(text.Length == 0 || !problem.Contains(text, StringComparison.Ordinal), problem);
    }

    [Fact]
    public void A_file_that_others_may_read_is_said()
    {
        var path = Write("keys", Keys(1));
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        Assert.Null(TicketKeyFile.DescribeExposure(path));
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.GroupRead);
        Assert.Contains("chmod 600", TicketKeyFile.DescribeExposure(path), StringComparison.Ordinal);
    }

    private string Write(string name, byte[] bytes)
    {
        var path = Path.Combine(_folder.Path, name);
        File.WriteAllBytes(path, bytes);
        return path;
    }

    /// <summary>Not all of them printable, so that they are taken for raw keys.</summary>
    private static byte[] Keys(int count)
    {
        var bytes = new byte[count * TicketKey.WholeBytes];
        new Random(7).NextBytes(bytes);
        return bytes;
    }
}
