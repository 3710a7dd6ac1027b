using static LlmOps.Rollouts.RolloutPhase;
using Because = LlmOps.Rollouts.RolloutReasons;

namespace LlmOps.Rollouts;

/// <summary>The state machine of a rollout as data. Everything that is not in it does not happen.</summary>
public static class Transitions
{
    /// <summary>
    /// <code>
    ///            ┌───────────────────────── Superseded ◀── any running phase
    ///            ▼
    ///  (none) → Starting → Stepping → Promoting → Promoted
    ///                         ▲           │
    ///                         └───────────┘ candidate lost its pods
    ///  any running phase → Reverted
    /// </code>
    /// </summary>
    public static IReadOnlySet<Transition> Allowed { get; } = new HashSet<Transition>
    {
        new(null, Starting, Because.FirstRelease),
        new(null, Starting, Because.RolloutStarted),
        new(Promoted, Starting, Because.RolloutStarted),
        new(Reverted, Starting, Because.RolloutStarted),
        new(Reverted, Starting, Because.FirstRelease),
        new(Superseded, Starting, Because.RolloutStarted),
        new(Superseded, Starting, Because.FirstRelease),

        new(Starting, Stepping, Because.CandidateReady),
        new(Stepping, Promoting, Because.StepsDone),
        new(Promoting, Promoted, Because.Promoted),
        new(Promoting, Stepping, Because.CandidateUnavailable),

        new(Starting, Reverted, Because.SpecReverted),
        new(Starting, Reverted, Because.ProgressDeadlineExceeded),
        new(Stepping, Reverted, Because.SpecReverted),
        new(Stepping, Reverted, Because.GateFailed),
        new(Stepping, Reverted, Because.GateInconclusive),
        new(Stepping, Reverted, Because.LiveTestFailed),
        new(Stepping, Reverted, Because.CheckFailed),
        new(Stepping, Reverted, Because.ProgressDeadlineExceeded),
        new(Promoting, Reverted, Because.SpecReverted),
        new(Promoting, Reverted, Because.LiveTestFailed),
        new(Promoting, Reverted, Because.CheckFailed),
        new(Promoting, Reverted, Because.ProgressDeadlineExceeded),

        new(Starting, Superseded, Because.Superseded),
        new(Stepping, Superseded, Because.Superseded),
        new(Promoting, Superseded, Because.Superseded),
    };
}
