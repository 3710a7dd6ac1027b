namespace LlmOps.Rollouts;

/// <summary>All that must outlive a crash. It is kept in <c>status</c>, so a restart never shortens a step.</summary>
public sealed record RolloutState
{
    public const int MaxFailed = 20;
    public const int MaxRetiring = 10;
    public const int MaxHistory = 10;
    public const int MaxActions = 20;

    public static RolloutState Initial { get; } = new();

    /// <summary>The release that serves; null before the first one does.</summary>
    public Release? Stable { get; init; }

    /// <summary>The release being tried; null while none is.</summary>
    public Release? Candidate { get; init; }

    /// <summary>The rollout of <see cref="Candidate"/>, or the last one where there is no candidate.</summary>
    public Rollout? Current { get; init; }

    /// <summary>The rollout before <see cref="Current"/>, until its record is known to be written.</summary>
    public Rollout? Previous { get; init; }

    /// <summary>Releases that failed, oldest first. None of them is tried again.</summary>
    public EquatableArray<LockedRelease> Failed { get; init; }

    /// <summary>Pods that no longer serve and are kept for a while.</summary>
    public EquatableArray<RetiringPods> Retiring { get; init; }

    /// <summary>Rollouts that ended, newest first.</summary>
    public EquatableArray<FinishedRollout> History { get; init; }

    /// <summary>Who paused by an action; null where nobody did. Besides it the spec may pause too.</summary>
    public string? PausedBy { get; init; }

    /// <summary>Actions that were handled, oldest first. One that is not answered yet is never dropped.</summary>
    public EquatableArray<HandledAction> Actions { get; init; }

    /// <summary>Generation of the spec that was last decided on. A release is recorded as seen together with its rollout as started.</summary>
    public long ObservedGeneration { get; init; }

    /// <summary>Whether the candidate goes without weights to its promotion: nothing serves beside it that it could share requests with.</summary>
    public bool IsCandidateAlone => Stable is null || (Candidate is not null && Current?.Capacity is { Plan: CapacityPlan.Recreate });

    /// <summary>The candidate's share of requests in per cent; 0 without one.</summary>
    public int CandidateWeightPercent => Candidate is null ? 0 : Current?.WeightPercent ?? 0;

    /// <summary>How stable's requests are copied to the candidate; null while they are not.</summary>
    public MirrorSettings? Mirror => Candidate is null ? null : Current?.Mirror;

    /// <summary>Whether requests, or copies of them, go to the candidate: then there is something to measure.</summary>
    public bool CandidateIsAsked => CandidateWeightPercent > 0 || Mirror is not null;

    /// <summary>Stable's share of requests in per cent; 0 before the first release serves.</summary>
    public int StableWeightPercent => Stable is null ? 0 : 100 - CandidateWeightPercent;
}

/// <summary>A release that failed.</summary>
public sealed record LockedRelease(string Hash, string Reason, string Message, DateTimeOffset At);

/// <summary>Pods that are kept for a while, so that what they answer can end and a way back is warm.</summary>
/// <param name="Until">They stay at least until then.</param>
/// <param name="Deadline">They go at the latest then, whatever they still answer. Null: at <paramref name="Until"/>.</param>
public sealed record RetiringPods(string ServingHash, int Replicas, DateTimeOffset Until, DateTimeOffset? Deadline = null);

/// <summary>A rollout that ended.</summary>
/// <param name="Outcome">Promoted, Reverted or Superseded.</param>
/// <param name="MaxWeight">Highest weight that the candidate had, in per cent.</param>
/// <param name="CandidateRequests">Requests of users that were assigned to the candidate.</param>
/// <param name="TimeToDetect">From the first bad event to the decision to revert; null where there was neither.</param>
/// <param name="TimeToRevert">From the decision to revert to weight 0; null where there was no weight to take.</param>
/// <param name="Actor">Who asked for the release; null where it is not known.</param>
/// <param name="Record">Name of its record; null until that is known to be written.</param>
public sealed record FinishedRollout(
    string Id,
    string ReleaseHash,
    RolloutPhase Outcome,
    string Reason,
    string Message,
    DateTimeOffset StartedAt,
    DateTimeOffset FinishedAt,
    int MaxWeight,
    long CandidateRequests,
    TimeSpan? TimeToDetect = null,
    TimeSpan? TimeToRevert = null,
    string? Actor = null,
    string? Record = null);
