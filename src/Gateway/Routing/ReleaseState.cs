using LlmOps.Gateway.Evidence;
using LlmOps.Gateway.Limits;

namespace LlmOps.Gateway.Routing;

/// <summary>What the gateway learns of one release of one LlmDeployment. Lives over all route tables that have the release.</summary>
internal sealed class ReleaseState(TimeProvider time)
{
    public RecentAnswers Answers { get; } = new(time);

    /// <summary>Copies of requests that the release works on.</summary>
    public ConcurrencyCount Copies { get; } = new();
}
