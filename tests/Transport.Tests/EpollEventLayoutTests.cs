using System.Runtime.InteropServices;
using TlsGateway.Transport.Native;

namespace TlsGateway.Transport.Tests;

public sealed class EpollEventLayoutTests
{
    [Theory]
    [InlineData(Architecture.X64, 12, 4)]
    [InlineData(Architecture.Arm64, 16, 8)]
    public unsafe void The_struct_is_packed_on_x64_only(Architecture architecture, int size, int dataOffset)
    {
        EpollEventLayout layout = EpollEventLayout.For(architecture);
        Assert.Equal(size, layout.Size);
        Assert.Equal(dataOffset, layout.DataOffset);

        byte* events = stackalloc byte[3 * size];
        new Span<byte>(events, 3 * size).Fill(0xee);
        layout.Write(events + size, 0x80002005, 0x0102030405060708);
        Assert.Equal(0x80002005u, layout.ReadEvents(events, 1));
        Assert.Equal(0x0102030405060708ul, layout.ReadData(events, 1));
        Assert.Equal(0x0102030405060708ul, MemoryMarshal.Read<ulong>(new ReadOnlySpan<byte>(events + size + dataOffset, 8)));
        Assert.Equal(-1, new ReadOnlySpan<byte>(events, size).IndexOfAnyExcept((byte)0xee));
        Assert.Equal(-1, new ReadOnlySpan<byte>(events + (2 * size), size).IndexOfAnyExcept((byte)0xee));
    }

    [Fact]
    public void The_native_layout_is_that_of_this_process()
    {
        Assert.Equal(EpollEventLayout.For(RuntimeInformation.ProcessArchitecture).Size, EpollEventLayout.Native.Size);
    }
}
