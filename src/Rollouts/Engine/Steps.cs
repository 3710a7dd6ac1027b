namespace LlmOps.Rollouts.Engine;

/// <summary>
/// Which step follows which. A candidate with no stable beside it has nothing to share requests with, so it skips the weights and mirrors; one that a person promoted skips all but gates.
/// </summary>
internal static class Steps
{
    /// <summary>The step to begin with.</summary>
    public static int First(EquatableArray<Step> steps, RolloutState state) => Skip(steps, 0, state);

    /// <summary>The step after the present one. Gates that passed and approvals that were given in this rollout are not asked for again.</summary>
    public static int After(EquatableArray<Step> steps, Course course)
    {
        var index = Skip(steps, course.Rollout.StepIndex + 1, course.State);
        while (index < steps.Count && IsDone(course, steps[index], index))
        {
            index = Skip(steps, index + 1, course.State);
        }

        return index;
    }

    /// <summary>The step's index in steps that may have become fewer meanwhile: the last one has to be gone through in any case.</summary>
    public static int Clamp(EquatableArray<Step> steps, RolloutState state) =>
        Skip(steps, Math.Clamp(state.Current!.StepIndex, 0, Math.Max(0, steps.Count - 1)), state);

    /// <summary>Weight that the steps before have reached, in per cent.</summary>
    public static int WeightBefore(EquatableArray<Step> steps, int index) =>
        steps.Take(index).OfType<WeightStep>().LastOrDefault()?.WeightPercent ?? 0;

    /// <summary>Index of the last weight step up to and including the given one; null without any.</summary>
    public static int? LastWeight(EquatableArray<Step> steps, int index)
    {
        for (var i = Math.Min(index, steps.Count - 1); i >= 0; i--)
        {
            if (steps[i] is WeightStep)
            {
                return i;
            }
        }

        return null;
    }

    private static int Skip(EquatableArray<Step> steps, int index, RolloutState state)
    {
        var (isAlone, isPromoted) = (state.IsCandidateAlone, state is { Candidate: not null, Current.PromotedBy: not null });
        while (index < steps.Count && ((isAlone && steps[index] is WeightStep or MirrorStep) || (isPromoted && steps[index] is not GateStep)))
        {
            index++;
        }

        return index;
    }

    private static bool IsDone(Course course, Step step, int index) => step switch
    {
        GateStep gates => gates.Gates.All(gate => course.LastVerdict(Gating.NameOf(gate), index)?.Verdict == Verdict.Pass),
        ApproveStep => Approving.IsApproved(course, index),
        _ => false,
    };
}
