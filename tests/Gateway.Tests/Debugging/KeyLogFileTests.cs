using TlsGateway.Gateway.Debugging;
using TlsGateway.Gateway.Tests.Support;

namespace TlsGateway.Gateway.Tests.Debugging;

public sealed class KeyLogFileTests
{
    [Fact]
    public void Lines_are_appended_at_once_to_a_file_for_its_owner_alone()
    {
        using TemporaryFolder folder = new();
        var path = Path.Combine(folder.Path, "keys.log");
        using (var first = KeyLogFile.Open(path))
        {
            first.Write("CLIENT_RANDOM 00 11");
            Assert.Equal("CLIENT_RANDOM 00 11\n", File.ReadAllText(path));
        }
        using (var second = KeyLogFile.Open(path))
        {
            second.Write("CLIENT_RANDOM 22 33");
        }
        Assert.Equal(2, File.ReadAllLines(path).Length);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
    }

    [Fact]
    public void A_file_that_was_there_for_others_is_made_private()
    {
        using TemporaryFolder folder = new();
        var path = folder.Write("keys.log", "");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead);
        using var log = KeyLogFile.Open(path);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
    }

    [Fact]
    public void A_path_that_cannot_be_written_is_a_clear_error()
    {
        using TemporaryFolder folder = new();
        var failed = Assert.Throws<IOException>(() => KeyLogFile.Open(Path.Combine(folder.Path, "missing", "keys.log")));
        Assert.Contains("keyLogFile", failed.Message, StringComparison.Ordinal);
        Assert.Contains("remove keyLogFile", failed.Message, StringComparison.Ordinal);
    }
}
