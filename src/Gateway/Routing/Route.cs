using LlmOps.Gateway.Evidence;
using LlmOps.Gateway.Split;
using LlmOps.Kubernetes;

namespace LlmOps.Gateway.Routing;

/// <summary>How requests for one LlmDeployment go; immutable, replaced as a whole when its status, prompts or endpoints change.</summary>
internal sealed class Route
{
    public required ObjectKey Deployment { get; init; }

    /// <summary><c>namespace/name</c>, for headers and messages.</summary>
    public required string DisplayName { get; init; }

    /// <summary>Unix seconds of the creation, for <c>/v1/models</c>.</summary>
    public long Created { get; init; }

    public Stickiness Stickiness { get; init; }

    /// <summary>Null until the operator has written a first release.</summary>
    public ReleaseTarget? Stable { get; init; }

    public ReleaseTarget? Candidate { get; init; }

    /// <summary>Candidate's share, 0 to 100. 0 where there is no candidate.</summary>
    public int CandidateWeightPercent { get; init; }

    /// <summary>Seed of the split; made of the rollout's id.</summary>
    public ulong Salt { get; init; }

    /// <summary>Where requests are counted; null while no candidate has traffic.</summary>
    public EpochEvidence? Evidence { get; init; }
}
