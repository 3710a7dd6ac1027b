using static LlmOps.Rollouts.RolloutPhase;
using Because = LlmOps.Rollouts.RolloutReasons;

namespace LlmOps.Rollouts;

/// <summary>The state machine of a rollout as data. Everything that is not in it does not happen.</summary>
public static class Transitions
{
    /// <summary>
    /// <code>
    ///            ┌──────────────────────────────────── Superseded ◀── any running phase
    ///            ▼
    ///  (none) → Starting → Stepping → Promoting → Baking → Promoted
    ///                         ▲        │    ▲        │        ▲
    ///                         │        │    │        │        │
    ///                         │        └────┼────────┼────────┘ no bake
    ///                         └─────────────┴────────┘ candidate lost its pods
    ///  any running phase → Reverted, where stable can carry everything
    ///  any running phase → Reverting → Reverted or Superseded, where it cannot yet
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
        new(Promoting, Baking, Because.Baking),
        new(Baking, Promoted, Because.Promoted),
        new(Promoting, Stepping, Because.CandidateUnavailable),
        new(Baking, Stepping, Because.CandidateUnavailable),
        new(Baking, Promoting, Because.CandidateUnavailable),

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
        new(Baking, Reverted, Because.SpecReverted),
        new(Baking, Reverted, Because.LiveTestFailed),
        new(Baking, Reverted, Because.ProgressDeadlineExceeded),

        // One fault of the fast path is enough, and nothing is left to it.
        new(Stepping, Reverted, Because.PromptCannotRender),
        new(Stepping, Reverted, Because.CandidateUnauthorized),
        new(Promoting, Reverted, Because.PromptCannotRender),
        new(Promoting, Reverted, Because.CandidateUnauthorized),
        new(Baking, Reverted, Because.PromptCannotRender),
        new(Baking, Reverted, Because.CandidateUnauthorized),

        new(Stepping, Reverting, Because.SpecReverted),
        new(Stepping, Reverting, Because.GateFailed),
        new(Stepping, Reverting, Because.GateInconclusive),
        new(Stepping, Reverting, Because.LiveTestFailed),
        new(Stepping, Reverting, Because.ProgressDeadlineExceeded),
        new(Stepping, Reverting, Because.Superseded),
        new(Promoting, Reverting, Because.SpecReverted),
        new(Promoting, Reverting, Because.LiveTestFailed),
        new(Promoting, Reverting, Because.ProgressDeadlineExceeded),
        new(Promoting, Reverting, Because.Superseded),
        new(Baking, Reverting, Because.SpecReverted),
        new(Baking, Reverting, Because.LiveTestFailed),
        new(Baking, Reverting, Because.ProgressDeadlineExceeded),
        new(Baking, Reverting, Because.Superseded),

        new(Reverting, Reverted, Because.SpecReverted),
        new(Reverting, Reverted, Because.GateFailed),
        new(Reverting, Reverted, Because.GateInconclusive),
        new(Reverting, Reverted, Because.LiveTestFailed),
        new(Reverting, Reverted, Because.ProgressDeadlineExceeded),
        new(Reverting, Superseded, Because.Superseded),

        new(Starting, Superseded, Because.Superseded),
        new(Stepping, Superseded, Because.Superseded),
        new(Promoting, Superseded, Because.Superseded),
        new(Baking, Superseded, Because.Superseded),
    };
}
