using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace TlsGateway.Transport.Native;

/// <summary>
/// Where the fields of <c>struct epoll_event</c> lie: <c>uint32_t events</c> at 0, <c>uint64_t data</c> behind it. The kernel packs it on x86-64
/// only (EPOLL_PACKED in linux/eventpoll.h); elsewhere data is aligned to eight bytes. Written by offset, since one struct cannot be both.
/// </summary>
internal readonly unsafe struct EpollEventLayout
{
    /// <summary>The layout of the running process. A static readonly, so the JIT folds it into constants.</summary>
    public static readonly EpollEventLayout Native = For(RuntimeInformation.ProcessArchitecture);

    private EpollEventLayout(int dataOffset)
    {
        DataOffset = dataOffset;
        Size = dataOffset + sizeof(ulong);
    }

    /// <summary>Bytes from one event to the next.</summary>
    public int Size { get; }

    public int DataOffset { get; }

    public static EpollEventLayout For(Architecture architecture) => new(architecture == Architecture.X64 ? 4 : 8);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint ReadEvents(byte* events, int index) => Unsafe.ReadUnaligned<uint>(events + ((nint)index * Size));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong ReadData(byte* events, int index) => Unsafe.ReadUnaligned<ulong>(events + ((nint)index * Size) + DataOffset);

    /// <summary>Writes one event; padding is cleared. <paramref name="target"/> has room for <see cref="Size"/> bytes.</summary>
    public void Write(byte* target, uint events, ulong data)
    {
        new Span<byte>(target, Size).Clear();
        Unsafe.WriteUnaligned(target, events);
        Unsafe.WriteUnaligned(target + DataOffset, data);
    }
}
