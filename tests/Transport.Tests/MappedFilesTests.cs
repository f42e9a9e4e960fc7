using System.Globalization;
using System.IO.MemoryMappedFiles;
using TlsGateway.Transport;

namespace TlsGateway.Transport.Tests;

public sealed class MappedFilesTests : IDisposable
{
    private const int Length = 64 * 4096;

    private readonly string _path = Path.GetTempFileName();

    public MappedFilesTests() => File.WriteAllBytes(_path, Content());

    [Fact]
    public void PagesOfAFileAreDroppedAndReadAgain()
    {
        using MemoryMappedFile file = Map(MemoryMappedFileAccess.Read);
        using MemoryMappedViewAccessor view = file.CreateViewAccessor(0, Length, MemoryMappedFileAccess.Read);
        Assert.Equal(Content(), Bytes(view));
        Assert.Equal(Length, Resident());

        long dropped = MappedFiles.Look().GiveBack();

        Assert.True(dropped >= Length);
        Assert.Equal(0, Resident());
        Assert.Equal(Content(), Bytes(view));
    }

    [Fact]
    public void WhatWasWrittenStays()
    {
        using MemoryMappedFile file = Map(MemoryMappedFileAccess.CopyOnWrite);
        using MemoryMappedViewAccessor view = file.CreateViewAccessor(0, Length, MemoryMappedFileAccess.CopyOnWrite);
        view.Write(5, (byte)99);

        MappedFiles.Look().GiveBack();

        Assert.Equal(99, view.ReadByte(5));
        Assert.NotEqual(0, Resident());
    }

    [Fact]
    public void WhatIsNewSinceTheLookStays()
    {
        MappedFiles before = MappedFiles.Look();
        using MemoryMappedFile file = Map(MemoryMappedFileAccess.Read);
        using MemoryMappedViewAccessor view = file.CreateViewAccessor(0, Length, MemoryMappedFileAccess.Read);
        _ = Bytes(view);

        before.GiveBack();

        Assert.Equal(Length, Resident());
    }

    [Theory]
    [InlineData("r-xp", "/usr/lib/libssl.so.3", 0, "rd ex mr mw me sd", true)]
    [InlineData("r--s", "/app/A file.dll", 0, "rd mr me sd", true)]
    [InlineData("r--p", "/app/a.dll", 4, "rd mr mw me sd", false)]
    [InlineData("rw-p", "/app/a.dll", 0, "rd wr mr mw me sd", false)]
    [InlineData("r-xs", "/memfd:doublemapper (deleted)", 0, "rd ex sh mr mw me ms sd", false)]
    [InlineData("r--s", "/dev/zero (deleted)", 0, "rd sh mr sd", false)]
    [InlineData("r--p", "/app/a.dll", 0, "rd mr mw me lo sd", false)]
    [InlineData("---p", "/app/a.dll", 0, "mr mw me sd", false)]
    [InlineData("r--p", "[vvar]", 0, "rd mr pf io de dd sd", false)]
    [InlineData("r--p", "", 0, "rd mr mw me sd", false)]
    public void OnlyCleanPagesOfFilesAreDropped(string permissions, string file, int own, string flags, bool clean)
    {
        string[] lines =
        [
            $"7f0000400000-7f0000500000 {permissions} 00001000 fe:00 1234                       {file}",
            "Size:               1024 kB",
            "Rss:                 120 kB",
            $"Anonymous:        {own.ToString(CultureInfo.InvariantCulture), 8} kB",
            $"VmFlags: {flags}",
        ];

        MappedFiles.Mapping mapping = Assert.Single(MappedFiles.Read(lines));

        Assert.Equal(clean, mapping.IsCleanFile);
        Assert.Equal(new MappedFiles.Range(unchecked((nuint)0x7f0000400000), unchecked((nuint)0x7f0000500000), file), mapping.Range);
        Assert.Equal((120 * 1024, own * 1024), (mapping.Resident, mapping.Own));
    }

    public void Dispose() => File.Delete(_path);

    /// <summary>Bytes of the file that are resident in this process.</summary>
    private long Resident() =>
        MappedFiles.Read(File.ReadLines("/proc/self/smaps")).Where(one => one.Range.File == _path).Sum(one => one.Resident);

    private MemoryMappedFile Map(MemoryMappedFileAccess access) =>
        MemoryMappedFile.CreateFromFile(_path, FileMode.Open, mapName: null, Length, access);

    private static byte[] Bytes(MemoryMappedViewAccessor view)
    {
        byte[] bytes = new byte[Length];
        view.ReadArray(0, bytes, 0, Length);
        return bytes;
    }

    private static byte[] Content()
    {
        byte[] content = new byte[Length];
        new Random(7).NextBytes(content);
        return content;
    }
}
