using LlmOps.Rollouts.Engine;

namespace LlmOps.Rollouts;

/// <summary>Decides what a rollout does next.</summary>
/// <remarks>
/// Guarantees: pure and deterministic; deciding again on the result with the same observation changes nothing; the candidate has weight only after
/// its gates passed and with capacity observed; a revert needs no more than the evidence for it, and no action stands in its way; at most one action and one
/// step forward per decision; a clock that goes back makes steps longer, never shorter.
/// </remarks>
public static class RolloutEngine
{
    /// <param name="plan">What the spec asks for.</param>
    /// <param name="state">What the last decision kept.</param>
    /// <param name="observation">What is known, gathered for <see cref="RolloutState.Current"/> of <paramref name="state"/>.</param>
    /// <param name="now">Wall clock, since the state outlives the process.</param>
    public static Decision Decide(RolloutPlan plan, RolloutState state, Observation observation, DateTimeOffset now)
    {
        var situation = new Situation(plan, observation, now);
        var course = EvidenceBook.Merge(situation, Course.From(state));
        course = CheckBook.Merge(situation, course);
        course = CounterBook.Count(situation, course);
        course = FirstBad.Note(situation, course);
        course = Recording.Note(situation, course);
        course = Reverting.OnEvidence(situation, course);
        course = Reverting.Continue(situation, course);
        course = SpecChange.Follow(situation, course);
        course = Acting.Go(situation, course);
        course = Pausing.Resume(situation, course);
        course = Withdrawing.WhenPodsAreGone(situation, course);
        course = Reverting.AtDeadline(situation, state, Advancing.Go(situation, course), notAdvanced: course);
        course = RollingBack.LetTheSpecGoOn(situation, state, course);
        course = Capacity.KeepFloor(situation, course);
        course = Retirement.Expire(situation, course);
        course = CheckBook.Save(state, course);
        course = Chronicle.Write(situation, state, course);
        course = EvidenceBook.Save(situation, state, course);
        return Conclusion.Of(situation, course);
    }
}
