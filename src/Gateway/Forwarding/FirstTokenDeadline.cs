using LlmOps.Gateway.Evidence;
using LlmOps.Gateway.Routing;

namespace LlmOps.Gateway.Forwarding;

/// <summary>
/// How long an attempt may take to its first token. Stable may take as long as an engine may be silent: nobody could
/// answer better. A candidate is held against stable: a multiple of its p99, and then stable answers.
/// </summary>
internal static class FirstTokenDeadline
{
    public static TimeSpan For(ReleaseTarget target, ReleaseTarget? stable, bool streamed, GatewayOptions options) =>
        stable is null || ReferenceEquals(target, stable) ? options.IdleTimeout : OfCandidate(stable, streamed, options);

    /// <summary>How long a candidate may take. A request to stable that takes longer is no less an error in the evidence, though it goes on.</summary>
    public static TimeSpan OfCandidate(ReleaseTarget stable, bool streamed, GatewayOptions options)
    {
        // An answer that is not streamed comes when it is complete: it has no other bound than the engine's silence.
        var (known, atMost) = streamed
            ? (stable.State.Answers.FirstToken, options.FirstToken.AtMost)
            : (stable.State.Answers.WholeAnswer, options.IdleTimeout);
        if (known.Count < Thresholds.KnownAnswers)
            return atMost;
        var limit = TimeSpan.FromSeconds(known.P99() * options.FirstToken.Factor);
        return limit < options.FirstToken.AtLeast ? options.FirstToken.AtLeast : limit > atMost ? atMost : limit;
    }
}
