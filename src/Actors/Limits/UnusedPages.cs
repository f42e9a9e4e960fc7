using TlsGateway.Transport;

namespace TlsGateway.Actors.Limits;

/// <summary>Gives back the pages of code that are resident and not in use, a third of an idle member's memory: a minute after the start, then every four minutes. Those in use come back at once.</summary>
internal sealed class UnusedPages
{
    /// <summary>In looks of the memory guard. By the first time a fleet has formed; by the second what runs once a second has been compiled for good.</summary>
    internal static readonly int First = (int)(TimeSpan.FromMinutes(1) / MemoryGuard.Interval);
    internal static readonly int Interval = (int)(TimeSpan.FromMinutes(4) / MemoryGuard.Interval);

    /// <summary>Between the two looks at what is mapped.</summary>
    private static readonly int Between = (int)(TimeSpan.FromSeconds(10) / MemoryGuard.Interval);

    private int _looks = Interval - First;
    private MappedFiles? _before;

    /// <summary>One of the memory guard's.</summary>
    public void Look()
    {
        _looks++;
        if (_looks == Interval - Between)
            _before = MappedFiles.Look();
        if (_looks < Interval)
            return;
        _before?.GiveBack();
        NativeHeap.Trim();
        (_looks, _before) = (0, null);
    }
}
