namespace LlmOps.Rollouts.Engine;

/// <summary>Keeps a list within its bound.</summary>
internal static class Bounded
{
    /// <summary>At most that many: of what came again later the oldest goes first, then the oldest of the rest. The first element, how it began, stays.</summary>
    /// <param name="kindOf">What makes two elements repeat each other.</param>
    public static EquatableArray<T> To<T, TKind>(EquatableArray<T> items, int most, Func<T, TKind> kindOf)
    {
        if (items.Count <= most)
        {
            return items;
        }

        var kept = items.ToList();
        while (kept.Count > most)
        {
            var repeated = Enumerable.Range(1, kept.Count - 1).FirstOrDefault(i => kept.Skip(i + 1).Any(later => Equals(kindOf(later), kindOf(kept[i]))), 1);
            kept.RemoveAt(repeated);
        }

        return kept.ToEquatableArray();
    }
}
