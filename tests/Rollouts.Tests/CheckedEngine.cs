using Xunit;

namespace LlmOps.Rollouts.Tests;

/// <summary>Decides, and holds every decision against what must be true of all of them.</summary>
internal static class CheckedEngine
{
    public static Decision Decide(RolloutPlan plan, RolloutState state, Observation observation, DateTimeOffset now)
    {
        var decision = RolloutEngine.Decide(plan, state, observation, now);
        Assert.Equal(decision, RolloutEngine.Decide(plan, state, observation, now));
        AssertTransitions(state, decision);
        AssertSecondDecisionWritesNothing(plan, observation, now, decision);
        Assert.True(decision.Happenings.Count == 0 || decision.Next != state, "something is told, and nothing is written");
        return decision;
    }

    private static void AssertTransitions(RolloutState state, Decision decision)
    {
        var phase = state.Current?.Phase;
        foreach (var transition in decision.Transitions)
        {
            Assert.Contains(transition, Transitions.Allowed);
            Assert.Equal(phase, transition.From);
            phase = transition.To;
        }

        Assert.Equal(phase, decision.Next.Current?.Phase);
    }

    private static void AssertSecondDecisionWritesNothing(RolloutPlan plan, Observation observation, DateTimeOffset now, Decision first)
    {
        // What was read belongs to the rollout it was read for: a real second reading asks for the new one.
        var evidence = observation.Evidence.RolloutId == first.Next.Current?.Id ? observation.Evidence : EvidenceObservation.None;
        // One action a decision: those that are still to come are left for the next one.
        var handled = first.Next.Actions.Select(action => action.Id).ToHashSet();
        var actions = observation.Actions.Where(action => handled.Contains(action.Id)).ToEquatableArray();
        var again = RolloutEngine.Decide(plan, first.Next, observation with { NewRolloutId = "ffffffff", Evidence = evidence, Actions = actions }, now);
        Assert.Equal(first.Next, again.Next);
        Assert.Equal(first.Pods, again.Pods);
        Assert.Equal(first.Gates, again.Gates);
        Assert.Empty(again.Happenings);
    }
}
