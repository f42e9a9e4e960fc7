using System.IO.MemoryMappedFiles;
using TlsGateway.Actors.Limits;

namespace TlsGateway.Actors.Tests.Limits;

public sealed class UnusedPagesTests : IDisposable
{
    private const int Length = 16 * 4096;

    private readonly string _path = Path.GetTempFileName();

    [Fact]
    public void PagesAreGivenBackAMinuteAfterTheStartAndThenEveryFourMinutes()
    {
        File.WriteAllBytes(_path, new byte[Length]);
        using var file = MemoryMappedFile.CreateFromFile(_path, FileMode.Open, mapName: null, Length, MemoryMappedFileAccess.Read);
        using var view = file.CreateViewAccessor(0, Length, MemoryMappedFileAccess.Read);
        UnusedPages unused = new();
        foreach (var looks in (int[])[UnusedPages.First, UnusedPages.Interval])
        {
            view.ReadArray(0, new byte[Length], 0, Length);
            for (var look = 1; look < looks; look++)
                unused.Look();
            Assert.NotEqual(0, Resident());

            unused.Look();

            Assert.Equal(0, Resident());
        }
    }

    public void Dispose() => File.Delete(_path);

    /// <summary>KiB of the file in this process.</summary>
    private int Resident() =>
        int.Parse(
            File.ReadLines("/proc/self/smaps")
                .SkipWhile(line => !line.EndsWith(_path, StringComparison.Ordinal))
                .First(line => line.StartsWith("Rss:", StringComparison.Ordinal))
                .Split(' ', StringSplitOptions.RemoveEmptyEntries)[1],
            System.Globalization.CultureInfo.InvariantCulture
        );
}
