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
    ///  a rollback: Starting → Promoting, it has no steps
    ///  any running phase → Reverted, where stable can carry everything
    ///  any running phase → Reverting → Reverted or Superseded, where it cannot yet
    /// </code>
    /// </summary>
    public static IReadOnlySet<Transition> Allowed { get; } = new HashSet<Transition>(
    [
        new(null, Starting, Because.FirstRelease),
        new(null, Starting, Because.RolloutStarted),
        new(Promoted, Starting, Because.RolloutStarted),
        new(Reverted, Starting, Because.RolloutStarted),
        new(Reverted, Starting, Because.FirstRelease),
        new(Superseded, Starting, Because.RolloutStarted),
        new(Superseded, Starting, Because.FirstRelease),

        new(Promoted, Starting, Because.RollbackStarted),
        new(Reverted, Starting, Because.RollbackStarted),
        new(Superseded, Starting, Because.RollbackStarted),

        new(Starting, Stepping, Because.CandidateReady),
        new(Starting, Promoting, Because.CandidateReady),
        new(Stepping, Promoting, Because.StepsDone),
        new(Promoting, Promoted, Because.Promoted),
        new(Promoting, Baking, Because.Baking),
        new(Baking, Promoted, Because.Promoted),
        new(Promoting, Stepping, Because.CandidateUnavailable),
        new(Baking, Stepping, Because.CandidateUnavailable),
        new(Baking, Promoting, Because.CandidateUnavailable),

        // cause, end, whether stable may take the traffic by degrees, from
        .. Back(Because.SpecReverted, Reverted, true, Starting, Stepping, Promoting, Baking),
        .. Back(Because.ProgressDeadlineExceeded, Reverted, true, Starting, Stepping, Promoting, Baking),
        .. Back(Because.StartupDeadlineExceeded, Reverted, false, Starting),
        .. Back(Because.GateFailed, Reverted, true, Stepping),
        .. Back(Because.GateInconclusive, Reverted, true, Stepping),
        .. Back(Because.LiveTestFailed, Reverted, true, Stepping, Promoting, Baking),
        .. Back(Because.CheckFailed, Reverted, true, Stepping, Promoting, Baking),
        .. Back(Because.PromptCannotRender, Reverted, false, Stepping, Promoting, Baking),
        .. Back(Because.CandidateUnauthorized, Reverted, false, Starting, Stepping, Promoting, Baking),
        .. Back(Because.ApprovalTimedOut, Reverted, true, Stepping),
        .. Back(Because.Aborted, Reverted, true, Starting, Stepping, Promoting, Baking),
        .. Back(Because.RolledBack, Reverted, false, Starting, Stepping, Promoting, Baking),
        .. Back(Because.Superseded, Superseded, true, Starting, Stepping, Promoting, Baking),
    ]);

    /// <summary>The ways back for one cause: at once, and by degrees from phases in which the candidate may have traffic.</summary>
    private static IEnumerable<Transition> Back(string cause, RolloutPhase end, bool byDegrees, params RolloutPhase[] from)
    {
        foreach (var phase in from)
        {
            yield return new(phase, end, cause);
            if (byDegrees && phase != Starting)
            {
                yield return new(phase, Reverting, cause);
            }
        }

        if (byDegrees)
        {
            yield return new(Reverting, end, cause);
        }
    }
}
