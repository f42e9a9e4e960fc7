using System.Globalization;

namespace TlsGateway.Actors.Limits;

/// <summary>What the process uses and may use, as the kernel counts it: of its control group (version 1 or 2) where that has a limit, else its resident set and the machine's memory.</summary>
internal sealed class MemoryUse : IDisposable
{
    private const string ControlGroups = "/sys/fs/cgroup";

    private readonly KernelNumber? _usage;
    private readonly string? _statisticsFile;
    private readonly string _cacheKey = "inactive_file ";

    /// <summary>Pages.</summary>
    private readonly KernelNumber _resident = new("/proc/self/statm", position: 1);

    private MemoryUse(long limit) => Limit = limit;

    private MemoryUse(long limit, string usageFile, string statisticsFile, string cacheKey)
    {
        Limit = limit;
        (_usage, _statisticsFile, _cacheKey) = (new KernelNumber(usageFile, position: 0), statisticsFile, cacheKey);
    }

    /// <summary>Bytes.</summary>
    public long Limit { get; }

    /// <summary>Of this process.</summary>
    /// <param name="configured">A limit that the operator wrote; 0: the system's.</param>
    /// <param name="root">Of the file system; for tests.</param>
    public static MemoryUse Find(long configured, string root = "")
    {
        if (configured > 0)
            return new MemoryUse(configured);
        var machine = MachineMemory(root);
        return Version2(root, machine) ?? Version1(root, machine) ?? new MemoryUse(machine);
    }

    /// <summary>Bytes that are used and cannot be taken back: file pages that the kernel may drop do not count.</summary>
    /// <param name="little">Below this much the exact number does not matter, and they may be among it.</param>
    public long Read(long little = 0)
    {
        if (_usage is null || !_usage.TryRead(out var usage))
            return _resident.TryRead(out var pages) ? pages * Environment.SystemPageSize : Environment.WorkingSet;
        return usage < little ? usage : Math.Max(0, usage - ReadStatistic(_statisticsFile!, _cacheKey));
    }

    public void Dispose()
    {
        _usage?.Dispose();
        _resident.Dispose();
    }

    private static MemoryUse? Version2(string root, long machine)
    {
        foreach (var folder in Folders(root, ControlGroups, line => line.StartsWith("0::", StringComparison.Ordinal) ? line[3..] : null))
        {
            if (TryReadNumber(Path.Combine(folder, "memory.max"), out var limit) && limit < machine)
                return new MemoryUse(limit, Path.Combine(folder, "memory.current"), Path.Combine(folder, "memory.stat"), "inactive_file ");
        }

        return null;
    }

    private static MemoryUse? Version1(string root, long machine)
    {
        foreach (
            var folder in Folders(root, ControlGroups + "/memory", static line => line.Split(':') is [_, "memory", var path] ? path : null)
        )
        {
            if (TryReadNumber(Path.Combine(folder, "memory.limit_in_bytes"), out var limit) && limit < machine)
            {
                return new MemoryUse(
                    limit,
                    Path.Combine(folder, "memory.usage_in_bytes"),
                    Path.Combine(folder, "memory.stat"),
                    "total_inactive_file "
                );
            }
        }

        return null;
    }

    /// <summary>From the process's own group up: in a container the path may be that of the host, which is not there, and the root is its own.</summary>
    private static IEnumerable<string> Folders(string root, string mount, Func<string, string?> pathOf)
    {
        var file = root + "/proc/self/cgroup";
        var path = File.Exists(file) ? File.ReadLines(file).Select(pathOf).FirstOrDefault(static found => found is not null) : null;
        for (; !string.IsNullOrEmpty(path) && path != "/"; path = Path.GetDirectoryName(path))
            yield return root + mount + path;
        yield return root + mount;
    }

    private static long MachineMemory(string root)
    {
        var kibibytes = ReadStatistic(root + "/proc/meminfo", "MemTotal:");
        return kibibytes > 0 ? kibibytes * 1024 : long.MaxValue;
    }

    private static bool TryReadNumber(string file, out long value)
    {
        value = 0;
        try
        {
            return File.Exists(file) && long.TryParse(File.ReadAllText(file).AsSpan().Trim(), CultureInfo.InvariantCulture, out value);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static long ReadStatistic(string file, string key)
    {
        try
        {
            foreach (var line in File.ReadLines(file))
            {
                if (line.StartsWith(key, StringComparison.Ordinal))
                    return long.TryParse(
                        line[key.Length..].Replace("kB", "", StringComparison.Ordinal).Trim(),
                        CultureInfo.InvariantCulture,
                        out var value
                    )
                        ? value
                        : 0;
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Then nothing is known to be cache.
        }

        return 0;
    }
}
