namespace LlmOps.Rollouts.Engine;

/// <summary>What a decision is made on, besides the state.</summary>
internal sealed record Situation(RolloutPlan Plan, Observation Observation, DateTimeOffset Now)
{
    public PodsObservation PodsOf(Release release) =>
        Observation.Pods.FirstOrDefault(pods => pods.ServingHash == release.ServingHash) ?? new PodsObservation(release.ServingHash, 0, 0, 0);
}
