using LlmOps.Api;
using LlmOps.Operator.Traffic;
using LlmOps.Rollouts;

namespace LlmOps.Operator.Gathering;

/// <summary>All that one reconciliation of an LlmDeployment knows. Immutable.</summary>
internal sealed record Gathered
{
    public required LlmDeployment Deployment { get; init; }

    public required ResolvedSpec Spec { get; init; }

    public required RolloutState State { get; init; }

    public required Observation Observation { get; init; }

    public required ReleaseBook Releases { get; init; }

    /// <summary>EvalRuns of the LlmDeployment.</summary>
    public required IReadOnlyList<EvalRun> Runs { get; init; }

    /// <summary>Why checks of the spec cannot be run, in sentences.</summary>
    public IReadOnlyList<string> CheckProblems { get; init; } = [];

    /// <summary>The route that splits requests too; null where the spec names none.</summary>
    public RouteFacts? Route { get; init; }

    public PodsObservation PodsOf(string? servingHash) =>
        Observation.Pods.FirstOrDefault(pods => pods.ServingHash == servingHash) ?? new PodsObservation(servingHash ?? string.Empty, 0, 0, 0);
}
