using TlsGateway.Gateway.AccessLogs;

namespace TlsGateway.Gateway.Tests.AccessLogs;

public sealed class RotatedFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("gateway-tests-").FullName;

    private string Log => Path.Combine(_folder, "access.log");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void At_its_size_it_is_put_aside_and_the_oldest_goes()
    {
        using (RotatedFile file = new(Log, rotateAt: 10, keep: 2))
        {
            foreach (var line in (string[])["one\n", "two\n", "three\n", "four\n", "five\n", "sixth\n"])
            {
                file.Append(System.Text.Encoding.ASCII.GetBytes(line));
            }
        }
        Assert.Equal("sixth\n", File.ReadAllText(Log));
        Assert.Equal("four\nfive\n", File.ReadAllText(Log + ".1"));
        Assert.Equal("three\n", File.ReadAllText(Log + ".2"));
        Assert.False(File.Exists(Log + ".3"));
    }

    [Fact]
    public void What_is_there_is_appended_to_and_a_batch_is_never_cut()
    {
        File.WriteAllText(Log, "before\n");
        using (RotatedFile file = new(Log, rotateAt: 0, keep: 1))
        {
            file.Append("after\n"u8);
        }
        Assert.Equal("before\nafter\n", File.ReadAllText(Log));
        using (RotatedFile file = new(Log, rotateAt: 1, keep: 1))
        {
            file.Append("one\ntwo\n"u8);
        }
        Assert.Equal("one\ntwo\n", File.ReadAllText(Log));
    }

    [Fact]
    public void A_file_that_was_moved_away_deleted_or_cut_is_begun_anew()
    {
        using RotatedFile file = new(Log, rotateAt: 0, keep: 1);
        file.Append("one\n"u8);
        File.Move(Log, Log + ".moved");
        file.Append("two\n"u8);
        Assert.Equal("one\n", File.ReadAllText(Log + ".moved"));
        Assert.Equal("two\n", File.ReadAllText(Log));
        File.Delete(Log);
        file.Append("three\n"u8);
        Assert.Equal("three\n", File.ReadAllText(Log));
        using (FileStream cut = new(Log, FileMode.Open, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete))
        {
            cut.SetLength(0);
        }
        file.Append("four\n"u8);
        Assert.Equal("four\n", File.ReadAllText(Log));
    }

    [Fact]
    public void Others_may_not_read_it()
    {
        using RotatedFile file = new(Log, rotateAt: 0, keep: 1);
        file.Append("one\n"u8);
        Assert.Equal(UnixFileMode.None, File.GetUnixFileMode(Log) & (UnixFileMode.OtherRead | UnixFileMode.OtherWrite));
    }

    [Fact]
    public void A_folder_that_went_away_is_said_and_one_that_came_back_is_used()
    {
        var folder = Path.Combine(_folder, "logs");
        Directory.CreateDirectory(folder);
        using RotatedFile file = new(Path.Combine(folder, "access.log"), rotateAt: 0, keep: 1);
        file.Append("one\n"u8);
        Directory.Delete(folder, recursive: true);
        Assert.ThrowsAny<IOException>(() => file.Append("lost\n"u8));
        Directory.CreateDirectory(folder);
        file.Append("two\n"u8);
        Assert.Equal("two\n", File.ReadAllText(Path.Combine(folder, "access.log")));
    }
}
