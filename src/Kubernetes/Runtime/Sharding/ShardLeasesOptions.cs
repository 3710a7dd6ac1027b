namespace LlmOps.Kubernetes;

/// <summary>Whose shards, how many of them, and the labels by which their leases are known.</summary>
public sealed record ShardLeasesOptions
{
    /// <summary>Namespace of the leases.</summary>
    public required string Namespace { get; init; }

    /// <summary>Name of the group of processes that share the shards: a label's value.</summary>
    public required string Group { get; init; }

    /// <summary>Key of the label whose value is the group.</summary>
    public required string GroupLabel { get; init; }

    /// <summary>How many shards this process knows, 1 to <see cref="ShardMap.Most"/>.</summary>
    public required int Shards { get; init; }

    /// <summary>Key of the label whose value is that number.</summary>
    public required string ShardsLabel { get; init; }

    /// <summary>Of a lease that says none. Default: 15 s.</summary>
    public TimeSpan LeaseDuration { get; init; } = TimeSpan.FromSeconds(15);
}
