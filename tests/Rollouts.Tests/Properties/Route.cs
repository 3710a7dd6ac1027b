namespace LlmOps.Rollouts.Tests.Properties;

/// <summary>An HTTPRoute that takes over what it is asked for when it likes, and the requests that engines counted behind it.</summary>
internal sealed class Route(bool exists)
{
    private int? weight = 0;
    private Problem? problem;
    private long counted;

    public TrafficObservation? Read(RolloutState state) => exists ? new(weight, problem, weight > 0 && state.Candidate is { } candidate ? [candidate.ServingHash] : []) : null;

    public EquatableArray<CounterReading> Count(RolloutState state, DateTimeOffset now) => !exists || state.CandidateWeightPercent == 0 || weight is not { } share ? [] :
    [
        new("pod-stable", false, counted * (100 - share) / 100, 0, now),
        new("pod-candidate", true, counted * share / 100, 0, now),
    ];

    /// <summary>It follows, mostly; or is refused, or accepts nothing for now.</summary>
    public void Move(RolloutState state, Dice dice)
    {
        counted += dice.Roll(1000);
        problem = dice.OneIn(8) ? new("RouteNotAccepted", "the parent refuses the route") : null;
        weight = dice.OneIn(8) ? null : dice.OneIn(8) ? weight : state.CandidateWeightPercent;
    }

    public void Follow(RolloutState state) => (weight, problem) = (state.CandidateWeightPercent, null);
}
