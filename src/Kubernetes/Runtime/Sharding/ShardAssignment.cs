namespace LlmOps.Kubernetes;

/// <summary>
/// Which of several processes is to hold which shard: rendezvous hashing with bounded loads, so that nobody holds more than its share, rounded up, and a process
/// that comes or goes moves little else. Pure: whoever sees the same members comes to the same end.
/// </summary>
public static class ShardAssignment
{
    /// <summary>The member for each shard; all null where there is no member.</summary>
    public static IReadOnlyList<string?> Of(int shards, IReadOnlyCollection<string> members)
    {
        var holders = new string?[shards];
        if (members.Count == 0)
            return holders;
        var most = (shards + members.Count - 1) / members.Count;
        var free = members.Distinct(StringComparer.Ordinal).ToDictionary(member => member, _ => most, StringComparer.Ordinal);
        for (var shard = 0; shard < shards; shard++)
        {
            var holder = free.Where(member => member.Value > 0).Select(member => member.Key)
                .MaxBy(member => (ShardMap.Hash($"{member}/{shard}"), member))!;
            free[holder]--;
            holders[shard] = holder;
        }

        return holders;
    }
}
