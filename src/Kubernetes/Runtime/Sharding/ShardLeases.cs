namespace LlmOps.Kubernetes;

/// <summary>
/// Keeps processes apart that divide the same namespaces into different numbers of shards, as while that number is changed in a rolling update: then leases of
/// different names stand for the same namespaces, and holding one says nothing about the others.
/// </summary>
/// <remarks>
/// Guarantee: with <see cref="Labels"/> and <see cref="ObstacleAsync"/> in the <see cref="LeaderElectionOptions"/> of every shard's <see cref="LeaderElector"/>, no
/// process leads a shard while one with another number of them leads any. Each asks after it has taken a lease, so that of two that take one at the same time each
/// sees the other's, and both give it back. Who leads goes on; who comes waits for the last of the others. Any number of callers at a time.
/// RBAC: <c>list</c> on <c>leases</c> of <c>coordination.k8s.io</c> in the namespace.
/// </remarks>
/// <param name="ownClient">As that of the electors.</param>
public sealed class ShardLeases(KubernetesClient ownClient, ShardLeasesOptions options, TimeProvider time)
{
    private readonly Lock sync = new();
    private readonly LeaseSightings others = new(options.LeaseDuration, time);

    /// <summary>By which the leases of this process's shards are known.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; } = new Dictionary<string, string> { [options.GroupLabel] = options.Group, [options.ShardsLabel] = $"{options.Shards}" };

    /// <summary>The lease of another number of shards that is held, for people; null where there is none.</summary>
    /// <exception cref="KubernetesException">Not known.</exception>
    public async Task<string?> ObstacleAsync(CancellationToken ct)
    {
        // The newest state, not a cache's: whoever has written a lease is in it.
        var list = await ownClient.ListAsync<Lease>(options.Namespace, new() { LabelSelector = $"{options.GroupLabel}={options.Group},{options.ShardsLabel}!={options.Shards}" }, ct);
        lock (sync)
        {
            others.Observe(list.Items);
            return others.Held.OrderBy(lease => lease.Metadata.Name, StringComparer.Ordinal).FirstOrDefault() is { } held
                ? $"{held.Spec!.HolderIdentity} holds {held.Metadata.Name} of {held.Metadata.Labels?.GetValueOrDefault(options.ShardsLabel)} shards, and this process knows {options.Shards}"
                : null;
        }
    }
}
