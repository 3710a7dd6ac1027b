using LlmOps.Gateway.Evidence;

namespace LlmOps.Gateway.Routing;

/// <summary>What the gateway learns of one release of one LlmDeployment. Lives over all route tables that have the release.</summary>
internal sealed class ReleaseState(TimeProvider time)
{
    /// <summary>Times from the begin of an attempt to its first token, of streamed answers.</summary>
    public LatencyWindow FirstToken { get; } = new(time);

    /// <summary>Times to the end of answers that are not streamed.</summary>
    public LatencyWindow WholeAnswer { get; } = new(time);
}
