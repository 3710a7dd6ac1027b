namespace LlmOps.Cli.Diff;

/// <summary>
/// The smallest difference of two texts, by the longest common subsequence of their lines. Prompts and arguments have few lines: the table is quadratic and no matter.
/// </summary>
internal static class LineDiff
{
    /// <summary>All lines with their signs; empty where the texts are the same.</summary>
    public static IReadOnlyList<TextLine> Of(IReadOnlyList<string> old, IReadOnlyList<string> @new)
    {
        if (old.SequenceEqual(@new, StringComparer.Ordinal))
            return [];
        var common = Lengths(old, @new);
        var lines = new List<TextLine>();
        var (i, j) = (0, 0);
        while (i < old.Count || j < @new.Count)
        {
            if (i < old.Count && j < @new.Count && old[i] == @new[j])
            {
                lines.Add(new(' ', old[i++]));
                j++;
            }
            else if (i < old.Count && (j == @new.Count || common[i + 1, j] >= common[i, j + 1]))
            {
                lines.Add(new('-', old[i++]));
            }
            else
            {
                lines.Add(new('+', @new[j++]));
            }
        }

        return lines;
    }

    /// <summary>Length of the longest common subsequence from each pair of lines to the ends.</summary>
    private static int[,] Lengths(IReadOnlyList<string> old, IReadOnlyList<string> @new)
    {
        var lengths = new int[old.Count + 1, @new.Count + 1];
        for (var i = old.Count - 1; i >= 0; i--)
        {
            for (var j = @new.Count - 1; j >= 0; j--)
                lengths[i, j] = old[i] == @new[j] ? lengths[i + 1, j + 1] + 1 : Math.Max(lengths[i + 1, j], lengths[i, j + 1]);
        }

        return lengths;
    }
}
