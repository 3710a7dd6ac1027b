using LlmOps.Gateway.Evidence;
using LlmOps.Gateway.Routing;

namespace LlmOps.Gateway.Forwarding;

/// <summary>
/// How long an attempt may take to its first token. Stable may take as long as an engine may be silent: nobody could
/// answer better. A candidate is held against stable: a multiple of its p99, and then stable answers.
/// </summary>
internal static class FirstTokenDeadline
{
    public static TimeSpan For(ReleaseTarget target, ReleaseTarget? stable, bool streamed, GatewayOptions options)
    {
        if (stable is null || ReferenceEquals(target, stable))
            return options.IdleTimeout;
        // An answer that is not streamed comes when it is complete: it has no other bound than the engine's silence.
        var (window, atMost) = streamed
            ? (stable.State.FirstToken, options.FirstToken.AtMost)
            : (stable.State.WholeAnswer, options.IdleTimeout);
        if (window.Count < EpochEvidence.KnownAnswers)
            return atMost;
        var limit = TimeSpan.FromSeconds(window.Quantiles(0.99)[0] * options.FirstToken.Factor);
        return limit < options.FirstToken.AtLeast ? options.FirstToken.AtLeast : limit > atMost ? atMost : limit;
    }
}
