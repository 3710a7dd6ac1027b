namespace LlmOps.Rollouts;

/// <summary>What to do. Apply order: snapshot of a new release, one status write of <see cref="Next"/> if it differs, then objects.</summary>
public sealed record Decision
{
    /// <summary>State to keep. Equal to the present one when there is nothing to write.</summary>
    public required RolloutState Next { get; init; }

    /// <summary>All pods that must exist. A serving hash that is not listed has no traffic and no delay left: it may go.</summary>
    public required EquatableArray<ServingTarget> Pods { get; init; }

    /// <summary>The evaluations that must exist now, in the order of the step. Earlier ones are kept as evidence.</summary>
    public EquatableArray<GateRequest> Gates { get; init; }

    /// <summary>When to decide again at the latest; null when only a change can matter.</summary>
    public TimeSpan? RequeueAfter { get; init; }

    /// <summary>Whether requests may be led to the candidate's own pods: it has weight, or waits for nothing but what leads them there. A router is prepared by it.</summary>
    public bool CandidateMayServe { get; init; }

    /// <summary>What just happened, for events and the log. Empty whenever <see cref="Next"/> equals the present state.</summary>
    public EquatableArray<Happening> Happenings { get; init; }

    /// <summary>Changes of phase in their order, each of them one of <see cref="Rollouts.Transitions.Allowed"/>. Empty where the phase stays.</summary>
    public EquatableArray<Transition> Transitions { get; init; }

    /// <summary><see cref="Transitions"/> in one: from the first phase to the last, with the last cause. Null where the phase stays.</summary>
    public Transition? Transition => Transitions.Count == 0 ? null : Transitions[^1] with { From = Transitions[0].From };

    /// <summary>What is going on, as a word, for conditions: the rollout's reason, or why there is none (NoRollout, ReleaseLocked, Paused, or why the spec is unresolved).</summary>
    public required string Reason { get; init; }

    /// <summary>The same in a sentence.</summary>
    public required string Message { get; init; }

    /// <summary>Live tests as of this decision; empty while the candidate has had no traffic.</summary>
    public EquatableArray<LiveTest> LiveTests { get; init; }

    /// <summary>When the step is reverted if nothing moves, or, by <see cref="RolloutPlan.OnInconclusive"/>, a person is asked; null where neither ever is.</summary>
    public DateTimeOffset? Deadline { get; init; }
}

/// <summary>Replicas that a serving hash must have.</summary>
public sealed record ServingTarget(string ServingHash, int Replicas);

/// <summary>An evaluation of the candidate that must exist.</summary>
/// <param name="Attempt">From 1.</param>
public sealed record GateRequest(string Gate, int StepIndex, int Attempt, string RolloutId);

/// <summary>Something to tell people.</summary>
public sealed record Happening(HappeningType Type, string Reason, string Message);

/// <summary>Kubernetes' event types.</summary>
public enum HappeningType
{
    Normal,
    Warning,
}

/// <summary>A change of phase.</summary>
/// <param name="From">Null where there was no rollout yet.</param>
/// <param name="Cause">A word of <see cref="RolloutReasons"/>.</param>
public sealed record Transition(RolloutPhase? From, RolloutPhase To, string Cause);

/// <summary>A live test and its numbers.</summary>
/// <param name="Name"><c>live/errors</c> or <c>live/ttft</c>.</param>
/// <param name="LogE">Natural logarithm of the e-process.</param>
/// <param name="LogThreshold">The candidate fails once <paramref name="LogE"/> reaches it.</param>
/// <param name="Message">The numbers in a sentence.</param>
public sealed record LiveTest(string Name, Verdict Verdict, double LogE, double LogThreshold, string Message);
