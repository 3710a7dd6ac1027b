namespace LlmOps.Rollouts.Engine;

/// <summary>A decision while it is being made. Each phase takes one and gives one back.</summary>
internal sealed record Course
{
    public required RolloutState State { get; init; }

    public EquatableArray<GateRequest> Gates { get; init; }

    /// <summary>Whether this decision has made its step forward already.</summary>
    public bool HasMoved { get; init; }

    /// <summary>When to look again besides the step's deadline; null for no such time.</summary>
    public DateTimeOffset? LookAgainAt { get; init; }

    public EquatableArray<Happening> Happenings { get; init; }

    public EquatableArray<Transition> Transitions { get; init; }

    /// <summary>The rollout that runs; only where <see cref="IsActive"/>.</summary>
    public Rollout Rollout => State.Current!;

    /// <summary>The release being tried; only where <see cref="IsActive"/>.</summary>
    public Release Candidate => State.Candidate!;

    public bool IsActive => State.Candidate is not null;

    public bool IsFirstRelease => State.Stable is null;

    /// <summary>Whether the candidate runs on stable's pods: only its prompt differs.</summary>
    public bool SharesPods => State.Candidate?.ServingHash is { } hash && hash == State.Stable?.ServingHash;

    /// <summary>Whether the candidate is on its way out.</summary>
    public bool IsReverting => IsActive && Rollout.Phase == RolloutPhase.Reverting;

    public static Course From(RolloutState state)
    {
        // A candidate without a running rollout can only come from a status edited by hand; it has no weight, so it is dropped.
        var runs = state.Current is { Phase: RolloutPhase.Starting or RolloutPhase.Stepping or RolloutPhase.Promoting or RolloutPhase.Baking or RolloutPhase.Reverting };
        return new() { State = runs ? state : state with { Candidate = null } };
    }

    public Course With(Rollout rollout) => this with { State = State with { Current = rollout } };

    public Course Enter(RolloutPhase phase, string cause) =>
        With(Rollout with { Phase = phase }) with { Transitions = Transitions.Add(new(Rollout.Phase, phase, cause)) };

    public Course Wait(string reason, string message) => With(Rollout with { Reason = reason, Message = message });

    public Course Tell(string reason, string message) => this with { Happenings = Happenings.Add(new(HappeningType.Normal, reason, message)) };

    public Course Warn(string reason, string message) => this with { Happenings = Happenings.Add(new(HappeningType.Warning, reason, message)) };

    public Course Record(string name, Verdict verdict, string message, DateTimeOffset now)
    {
        var record = new VerdictRecord(Rollout.StepIndex, name, verdict, message, now);
        return With(Rollout with { Verdicts = Rollout.Verdicts.Add(record).Last(Rollout.MaxVerdicts) });
    }

    /// <summary>Newest verdict of that name in the present step.</summary>
    public VerdictRecord? LastVerdict(string name) => LastVerdict(name, Rollout.StepIndex);

    /// <summary>Newest verdict of that name in a step of this rollout.</summary>
    public VerdictRecord? LastVerdict(string name, int stepIndex) => Rollout.Verdicts.LastOrDefault(verdict => verdict.StepIndex == stepIndex && verdict.Name == name);
}
