using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Operator.Resources;

namespace LlmOps.Operator.Gathering.Capacity;

/// <summary>
/// What all LlmDeployments were promised and has no node yet, kept up with the caches and with what this process writes: only LlmDeployments that something
/// changed about are worked out again. A promise counts from the moment it is made, before it is written. Thread safe.
/// </summary>
internal sealed class ClaimBook
{
    private readonly ClusterView cluster;
    private readonly Lock sync = new();
    private readonly Dictionary<ObjectKey, Pending> promises = [];
    private readonly SortedDictionary<ObjectKey, IReadOnlyList<Claim>> claims = new(Comparer<ObjectKey>.Create((one, other) => string.CompareOrdinal(one.ToString(), other.ToString())));
    private readonly ChangedKeys<ObjectKey> changed = new();

    public ClaimBook(ClusterView cluster)
    {
        this.cluster = cluster;
        cluster.LlmDeployments.OnChange(deployment => changed.Add(deployment.Key()));
        cluster.LlmDeployments.Store.Noted += changed.Add;
        cluster.Pods.OnChange(MarkOwner);
        // Where the templates of releases are read.
        cluster.Deployments.OnChange(owned => MarkOwner(owned));
        cluster.Revisions.OnChange(owned => MarkOwner(owned));
    }

    /// <summary>What the others were promised, by their names.</summary>
    public IReadOnlyList<Claim> OfOthers(ObjectKey asking)
    {
        lock (sync)
        {
            foreach (var key in changed.Take())
                Update(key);
            return [.. claims.Where(entry => entry.Key != asking).SelectMany(entry => entry.Value)];
        }
    }

    /// <summary>Counts a status that is about to be written as if it were.</summary>
    /// <param name="deployment">The LlmDeployment with that status.</param>
    /// <param name="candidate">Pod spec of its candidate, whose snapshot is not written yet.</param>
    public void Promise(LlmDeployment deployment, PodSpec? candidate) => Change(deployment.Key(), new(deployment, candidate));

    /// <summary>The status of <see cref="Promise"/> was written, or could not be: from here on counts what is there.</summary>
    public void Settle(ObjectKey key) => Change(key, null);

    private void Change(ObjectKey key, Pending? promise)
    {
        lock (sync)
        {
            if (promise is null)
                promises.Remove(key);
            else
                promises[key] = promise;
            changed.Add(key);
        }
    }

    private void MarkOwner<T>(T owned)
        where T : class, IResource<T>
    {
        foreach (var index in Indexes.ByLabel(owned.Metadata, Labels.Deployment))
        {
            foreach (var deployment in cluster.LlmDeployments.ListByIndex(Indexes.Deployment, index))
                changed.Add(deployment.Key());
        }
    }

    private void Update(ObjectKey key)
    {
        var promise = promises.GetValueOrDefault(key);
        var deployment = promise?.Deployment ?? cluster.LlmDeployments.Store.Get(key);
        IReadOnlyList<Claim> own = deployment?.Status is { Candidate: not null } or { Stable: not null } ? [.. ClaimsOf(deployment, promise?.Candidate)] : [];
        if (own.Count > 0)
            claims[key] = own;
        else
            claims.Remove(key);
    }

    private IEnumerable<Claim> ClaimsOf(LlmDeployment deployment, PodSpec? candidate) => Claims.Of(
        deployment,
        cluster.OwnPods(deployment.Key()).ToLookup(pod => pod.Metadata.Labels!.GetValueOrDefault(Labels.Serving) ?? string.Empty),
        pod => Indexes.NodeOf(pod).Any(),
        release => candidate is not null && release.Release == deployment.Status?.Candidate?.Release ? candidate : TemplateOf(deployment, release));

    private PodSpec? TemplateOf(LlmDeployment deployment, ReleaseStatus release)
    {
        var (ns, name) = (deployment.Metadata.Namespace!, deployment.Metadata.Name!);
        return cluster.Deployments.Store.Get(new ObjectKey(ns, ObjectNames.Serving(name, release.ServingHash)))?.Spec?.Template?.Spec
            ?? (cluster.Revisions.Store.Get(new ObjectKey(ns, ObjectNames.Revision(name, release.Release))) is { } revision ? ReleaseRecord.Read(revision)?.Template.Spec : null);
    }

    private sealed record Pending(LlmDeployment Deployment, PodSpec? Candidate);
}
