namespace TlsGateway.Kubernetes.Manifests.Shapes;

/// <summary>Finds what a mistyped word may have meant.</summary>
internal static class Nearest
{
    /// <summary>The known word at most a third of its letters away; null: none is.</summary>
    public static string? To(string word, IEnumerable<string> known)
    {
        var best = known
            .Select(candidate => (Word: candidate, Distance: Distance(word, candidate)))
            .OrderBy(static found => found.Distance)
            .FirstOrDefault();
        return best.Word is not null && best.Distance <= Math.Max(1, word.Length / 3) ? best.Word : null;
    }

    /// <summary>Letters to change, add or remove; a letter in the other case counts nothing.</summary>
    private static int Distance(string left, string right)
    {
        const int Longest = 64;
        if (left.Length > Longest || right.Length > Longest)
        {
            return int.MaxValue;
        }
        var row = Enumerable.Range(0, right.Length + 1).ToArray();
        for (var i = 1; i <= left.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= right.Length; j++)
            {
                var change = char.ToUpperInvariant(left[i - 1]) == char.ToUpperInvariant(right[j - 1]) ? 0 : 1;
                (diagonal, row[j]) = (row[j], Math.Min(Math.Min(row[j], row[j - 1]) + 1, diagonal + change));
            }
        }
        return row[right.Length];
    }
}
