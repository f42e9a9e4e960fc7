namespace TlsGateway.Gateway.Configuration.Reading;

/// <summary>Finds what the operator probably meant.</summary>
internal static class NearestName
{
    /// <summary>The candidate within a third of the word's length in edits (at least one), or null. Letter case does not count.</summary>
    public static string? Find(string word, IEnumerable<string> candidates)
    {
        string? nearest = null;
        var limit = Math.Max(1, word.Length / 3) + 1;
        foreach (var candidate in candidates)
        {
            var distance = EditDistance(word.ToLowerInvariant(), candidate.ToLowerInvariant());
            if (distance < limit)
            {
                (nearest, limit) = (candidate, distance);
            }
        }
        return nearest;
    }

    /// <summary>" Did you mean …?" or nothing.</summary>
    public static string Suggest(string word, IEnumerable<string> candidates) =>
        Find(word, candidates) is { } nearest ? $" Did you mean {nearest}?" : "";

    /// <summary>Optimal string alignment: insertions, deletions, substitutions and swaps of neighbours count one each.</summary>
    internal static int EditDistance(string left, string right)
    {
        var distances = new int[left.Length + 1, right.Length + 1];
        for (var row = 0; row <= left.Length; row++)
        {
            for (var column = 0; column <= right.Length; column++)
            {
                distances[row, column] =
                    row == 0 ? column
                    : column == 0 ? row
                    : Cheapest(distances, left, right, row, column);
            }
        }
        return distances[left.Length, right.Length];
    }

    private static int Cheapest(int[,] distances, string left, string right, int row, int column)
    {
        var substitution = left[row - 1] == right[column - 1] ? 0 : 1;
        var best = Math.Min(
            Math.Min(distances[row - 1, column] + 1, distances[row, column - 1] + 1),
            distances[row - 1, column - 1] + substitution
        );
        var isSwap = row > 1 && column > 1 && left[row - 1] == right[column - 2] && left[row - 2] == right[column - 1];
        return isSwap ? Math.Min(best, distances[row - 2, column - 2] + 1) : best;
    }
}
