namespace LlmOps.Operator.Gathering.Capacity;

/// <summary>Keys of what has changed since somebody looked. A change that is told while one looks is there at the next look. Thread safe.</summary>
internal sealed class ChangedKeys<TKey>
    where TKey : notnull
{
    private readonly Lock sync = new();
    private HashSet<TKey> keys = [];

    public void Add(TKey key)
    {
        lock (sync)
            keys.Add(key);
    }

    /// <summary>What has changed, each key once.</summary>
    public IReadOnlyCollection<TKey> Take()
    {
        lock (sync)
        {
            var taken = keys;
            if (taken.Count > 0)
                keys = [];
            return taken;
        }
    }
}
