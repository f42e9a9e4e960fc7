namespace TlsGateway.Gateway.Files;

/// <summary>
/// What tells one state of a file from another without reading it. Kubernetes swaps a folder's link under files whose own links stay, so the whole path is
/// resolved, not the last link alone.
/// </summary>
/// <param name="Path">Where the content really is; "" when there is none.</param>
/// <param name="Written">Last write, UTC.</param>
/// <param name="Length">Bytes.</param>
internal readonly record struct FileState(string Path, DateTime Written, long Length)
{
    /// <summary>Linux follows 40 links at most (path_resolution(7)).</summary>
    private const int MaxLinks = 40;

    /// <summary>The present state; the default value for a file that is not there or cannot be looked at.</summary>
    public static FileState Of(string file)
    {
        try
        {
            FileInfo info = new(Resolve(System.IO.Path.GetFullPath(file)));
            return info.Exists ? new FileState(info.FullName, info.LastWriteTimeUtc, info.Length) : default;
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            return default;
        }
    }

    private static string Resolve(string path)
    {
        var links = 0;
        Stack<string> left = new(Split(path));
        var resolved = System.IO.Path.GetPathRoot(path)!;
        while (left.TryPop(out var name))
        {
            var next = System.IO.Path.GetFullPath(name, resolved);
            if (new FileInfo(next).LinkTarget is not { } target)
            {
                resolved = next;
                continue;
            }
            if (++links > MaxLinks)
            {
                throw new IOException($"{path} goes through more than {MaxLinks} links.");
            }
            if (System.IO.Path.IsPathRooted(target))
            {
                resolved = System.IO.Path.GetPathRoot(target)!;
            }
            foreach (var part in Split(target))
            {
                left.Push(part);
            }
        }
        return resolved;
    }

    /// <summary>The path's names, the last first.</summary>
    private static IEnumerable<string> Split(string path) =>
        path.Split(System.IO.Path.DirectorySeparatorChar, StringSplitOptions.RemoveEmptyEntries).Reverse();
}
