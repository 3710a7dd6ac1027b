using System.Collections.Concurrent;
using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Rollouts;

namespace LlmOps.Operator.Gathering;

/// <summary>What follows from one version of an LlmDeployment, of its prompt and of the snapshots of its releases, and from nothing else.</summary>
internal sealed record Resolution(ResolvedSpec Spec, RolloutState State, ReleaseBook Releases);

/// <summary>
/// Resolves LlmDeployments, and keeps what came out as long as a candidate has requests: such a one is looked at four times a second, and what it follows from is
/// mostly what it was. Nothing is kept of the many at rest. Thread safe.
/// </summary>
internal sealed class ResolutionCache
{
    private readonly ConcurrentDictionary<ObjectKey, Entry> kept = new();

    /// <param name="deployment">As it is in the cache.</param>
    /// <param name="prompt">The PromptVersion that the spec names; null where there is none of that name.</param>
    /// <param name="revisions">ControllerRevisions of the LlmDeployment.</param>
    /// <returns>The very same object as before where all of these are the very same objects.</returns>
    public Resolution Of(LlmDeployment deployment, PromptVersion? prompt, IReadOnlyList<ControllerRevision> revisions)
    {
        var key = deployment.Key();
        if (kept.TryGetValue(key, out var entry) && entry.IsOf(deployment, prompt, revisions))
            return entry.Resolution;
        var spec = PlanBuilder.Build(deployment, prompt);
        var resolution = new Resolution(spec, RolloutStateReader.Read(deployment.Status), new ReleaseBook(revisions, spec.Desired));
        if (resolution.State.CandidateIsAsked)
            kept[key] = new(deployment, prompt, revisions, resolution);
        else
            Forget(key);
        return resolution;
    }

    /// <summary>The LlmDeployment is gone.</summary>
    public void Forget(ObjectKey deployment) => kept.TryRemove(deployment, out _);

    private sealed record Entry(LlmDeployment Deployment, PromptVersion? Prompt, IReadOnlyList<ControllerRevision> Revisions, Resolution Resolution)
    {
        public bool IsOf(LlmDeployment deployment, PromptVersion? prompt, IReadOnlyList<ControllerRevision> revisions) =>
            ReferenceEquals(Deployment, deployment) && ReferenceEquals(Prompt, prompt) && Revisions.SequenceEqual(revisions, ReferenceEqualityComparer.Instance);
    }
}
