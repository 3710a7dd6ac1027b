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

    /// <summary>How stable's requests are copied to the candidate; null where they are not.</summary>
    public MirrorRule? Mirror { get; init; }

    /// <summary>First requests of an endpoint whose latencies do not count.</summary>
    public int WarmUpRequests { get; init; }

    /// <summary>What tokens cost; null without prices.</summary>
    public Pricing? Pricing { get; init; }

    /// <summary>Where requests are counted; null while no candidate has traffic or copies.</summary>
    public EpochEvidence? Evidence { get; init; }
}

/// <summary>Which of stable's requests are copied.</summary>
/// <param name="Percent">Share, 1 to 100.</param>
/// <param name="MaxConcurrent">Copies that this gateway has running at one time; beyond it a request is not copied.</param>
internal sealed record MirrorRule(int Percent, int MaxConcurrent);
