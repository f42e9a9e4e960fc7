using System.Globalization;
using TlsGateway.Transport.Native;

namespace TlsGateway.Transport;

/// <summary>
/// The code and data of files that are mapped into this process and that nothing has written to (/proc/self/smaps). A page of them that is dropped is mapped again from the page cache, or read again from the file, when
/// it is next used.
/// </summary>
/// <remarks>
/// Most of what a process has resident after its start is code that has run once. Linux maps sixteen pages for each that is used and takes none back while there is free memory.
/// </remarks>
public sealed class MappedFiles
{
    private const int MADV_DONTNEED = 4;

    private readonly Dictionary<Range, long> _resident;

    private MappedFiles(Dictionary<Range, long> resident) => _resident = resident;

    /// <summary>What is mapped now. Empty where the system does not say.</summary>
    public static MappedFiles Look()
    {
        Dictionary<Range, long> resident = [];
        try
        {
            foreach (Mapping mapping in Read(File.ReadLines("/proc/self/smaps")))
            {
                if (mapping.IsCleanFile)
                    resident[mapping.Range] = mapping.Resident;
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Nothing is known, so nothing is dropped.
        }

        return new MappedFiles(resident);
    }

    /// <summary>
    /// Drops the pages of what was mapped at this look and still is. The looks should be seconds apart: what the loader of an assembly is still writing to, or has mapped only to read a header, then is in one of them at most.
    /// </summary>
    /// <returns>Bytes that were resident.</returns>
    public unsafe long GiveBack()
    {
        long dropped = 0;
        foreach ((Range range, long bytes) in Look()._resident)
        {
            // Invariant: a mapping of a file, without permission to write and with no page of its own (Anonymous: 0), in two looks. So each page is the file's, and the kernel brings the same bytes back at the next use.
            // Libraries and assemblies stay where they are until the process ends; nothing else could be mapped at that address meanwhile.
            if (_resident.ContainsKey(range) && Libc.madvise((void*)range.Start, (nuint)(range.End - range.Start), MADV_DONTNEED) == 0)
                dropped += bytes;
        }

        return dropped;
    }

    /// <summary>One mapping is a line with its addresses, then lines "Name: value".</summary>
    internal static IEnumerable<Mapping> Read(IEnumerable<string> lines)
    {
        Mapping? mapping = null;
        foreach (string line in lines)
        {
            if (line is [(>= '0' and <= '9') or (>= 'a' and <= 'f'), ..])
            {
                if (mapping is not null)
                    yield return mapping;
                mapping = Begin(line);
            }
            else if (mapping is not null)
            {
                mapping = With(mapping, line);
            }
        }

        if (mapping is not null)
            yield return mapping;
    }

    /// <summary>"55d0c0a00000-55d0c0b00000 r-xp 00001000 fe:00 1234    /usr/bin/x".</summary>
    private static Mapping Begin(string line)
    {
        string[] words = line.Split(' ', 6, StringSplitOptions.RemoveEmptyEntries);
        string[] ends = words[0].Split('-');
        Range range = new(Address(ends[0]), Address(ends[1]), words.Length > 5 ? words[5] : "");
        return new Mapping(range, words[1], Resident: 0, Own: 0, IsLocked: false);
    }

    private static Mapping With(Mapping mapping, string line)
    {
        if (line.StartsWith("Rss:", StringComparison.Ordinal))
            return mapping with { Resident = Bytes(line) };
        if (line.StartsWith("Anonymous:", StringComparison.Ordinal))
            return mapping with { Own = Bytes(line) };
        return line.StartsWith("VmFlags:", StringComparison.Ordinal)
            ? mapping with
            {
                IsLocked = line.Contains(" lo", StringComparison.Ordinal),
            }
            : mapping;
    }

    private static nuint Address(string text) => nuint.Parse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);

    /// <summary>"Rss:      120 kB".</summary>
    private static long Bytes(string line) =>
        long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024;

    /// <param name="Start">Address of the first byte.</param>
    /// <param name="End">Address after the last.</param>
    /// <param name="File">Its path; empty or in brackets: none.</param>
    internal readonly record struct Range(nuint Start, nuint End, string File);

    /// <param name="Range">Where.</param>
    /// <param name="Permissions">As in "r-xp".</param>
    /// <param name="Resident">Bytes.</param>
    /// <param name="Own">Bytes of it that are not the file's.</param>
    /// <param name="IsLocked">Is to stay resident (mlock(2)).</param>
    internal sealed record Mapping(Range Range, string Permissions, long Resident, long Own, bool IsLocked)
    {
        /// <summary>Its pages are the file's, and stay so. What begins with /memfd: or /dev/ has no file that brings them back.</summary>
        public bool IsCleanFile =>
            Resident > 0
            && Own == 0
            && !IsLocked
            && Permissions is ['r', '-', ..]
            && Range.File.StartsWith('/')
            && !Range.File.StartsWith("/memfd:", StringComparison.Ordinal)
            && !Range.File.StartsWith("/dev/", StringComparison.Ordinal)
            && !Range.File.StartsWith("/SYSV", StringComparison.Ordinal);
    }
}
