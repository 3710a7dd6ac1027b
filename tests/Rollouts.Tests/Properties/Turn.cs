namespace LlmOps.Rollouts.Tests.Properties;

/// <summary>One decision and what it was made on.</summary>
/// <param name="Event">What happened before it.</param>
/// <param name="IsLost">Whether nothing of it was written: its operator died, and the next one decides again.</param>
internal sealed record Turn(string Event, RolloutPlan Plan, RolloutState Before, Observation Observation, DateTimeOffset Now, Decision Decision, bool IsLost)
{
    public RolloutState After => Decision.Next;

    /// <summary>Whether the rollout of before is the one of after.</summary>
    public bool IsSameRollout => Before.Current is not null && Before.Current.Id == After.Current?.Id;

    /// <summary>Whether the candidate has more of the traffic than before.</summary>
    public bool Rises => After.CandidateWeightPercent > (IsSameRollout ? Before.CandidateWeightPercent : 0);

    public bool IsPaused => Plan.Paused || (Before.PausedBy is not null && After.PausedBy is not null);

    /// <summary>The action that this decision handled; null where it handled none.</summary>
    public HandledAction? Handled => After.Actions.Count > 0 && !Before.Actions.Contains(After.Actions[^1]) ? After.Actions[^1] : null;

    public bool Did(params ReadOnlySpan<ActionKind> kinds) => Handled is { Outcome: ActionOutcome.Applied } handled && kinds.Contains(handled.Kind);

    public bool Entered(RolloutPhase phase) => Decision.Transitions.Any(transition => transition.To == phase);

    public PodsObservation PodsOf(Release release) =>
        Observation.Pods.FirstOrDefault(pods => pods.ServingHash == release.ServingHash) ?? new(release.ServingHash, 0, 0, 0);

    public int TargetOf(Release release) => Decision.Pods.FirstOrDefault(target => target.ServingHash == release.ServingHash)?.Replicas ?? 0;

    /// <summary>Replicas that stable may lack: what it gave, or what it may give where no plan was chosen.</summary>
    /// <param name="floor">What stable has by rights, where that is more than the spec's replicas.</param>
    public int Given(RolloutState state, int floor = 0)
    {
        var most = Math.Max(0, Math.Max(floor, Plan.Replicas) - 1);
        return state switch
        {
            { Candidate: not null, Current: { Phase: not RolloutPhase.Reverting, Capacity: { Plan: CapacityPlan.Recreate, Fits: true } } } => Math.Max(floor, Plan.Replicas),
            { Candidate: not null, Current.Capacity: { } choice } => Math.Clamp(choice.Given, 0, most),
            _ => Math.Clamp(Plan.MaxUnavailable ?? 0, 0, most),
        };
    }

    /// <summary>Pods that a weight needs: in proportion, rounded up, one at least.</summary>
    public int Share(int weight) => Math.Max(1, ((Plan.Replicas * weight) + 99) / 100);
}
