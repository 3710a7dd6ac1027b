namespace LlmOps.Rollouts.Engine;

/// <summary>Which step follows which. A candidate with no stable beside it has nothing to share requests with, so it skips the weights and mirrors.</summary>
internal static class Steps
{
    public static int First(EquatableArray<Step> steps, bool isAlone) => SkipWeights(steps, 0, isAlone);

    public static int After(EquatableArray<Step> steps, int index, bool isAlone) => SkipWeights(steps, index + 1, isAlone);

    /// <summary>The step's index in steps that may have become fewer meanwhile: the last one has to be gone through in any case.</summary>
    public static int Clamp(EquatableArray<Step> steps, int index, bool isAlone) =>
        SkipWeights(steps, Math.Clamp(index, 0, Math.Max(0, steps.Count - 1)), isAlone);

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

    private static int SkipWeights(EquatableArray<Step> steps, int index, bool isAlone)
    {
        while (isAlone && index < steps.Count && steps[index] is WeightStep or MirrorStep)
        {
            index++;
        }

        return index;
    }
}
