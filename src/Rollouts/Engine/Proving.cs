using LlmOps.Rollouts.Statistics;

namespace LlmOps.Rollouts.Engine;

/// <summary>With promotion Proven: a weight is done only once it is shown that the candidate's errors are not much more frequent than stable's.</summary>
/// <remarks>
/// <code>
/// weight        to be refuted: the candidate's error rate is at least
/// up to 5 %     3 times stable's
/// up to 25 %    2 times
/// up to 99 %    1.5 times
/// 100 %         nothing: no stable is left to compare with
/// </code>
/// </remarks>
internal static class Proving
{
    /// <summary>ln 20: the proof is wrong with a probability of at most 5 %.</summary>
    private static readonly double LogThreshold = Math.Log(20);

    /// <summary>Why the step must wait; null where it need not.</summary>
    public static BlockedEvidence? Blocks(Situation situation, Course course) => Missing(situation.Plan.Analysis, course.Rollout) > 0
        ? new(
            Verdict.Inconclusive,
            RolloutReasons.WaitingForProof,
            string.Create(null, $"waits for proof at the 5% level that the candidate's error rate is less than {MaxRatio(course.Rollout.WeightPercent):0.#} times stable's"))
        : null;

    /// <summary>Bad events, of either track, that a candidate as good as stable is expected to need still; 0 where nothing is to be proven.</summary>
    public static double ExpectedEvents(AnalysisPlan analysis, Rollout rollout) =>
        Missing(analysis, rollout) / ReverseTest.Growth(Math.Clamp(rollout.WeightPercent, 1, 99), MaxRatio(rollout.WeightPercent));

    /// <summary>What ln M still lacks.</summary>
    private static double Missing(AnalysisPlan analysis, Rollout rollout) => analysis.Promotion == PromotionPolicy.Proven && rollout.WeightPercent is > 0 and < 100
        ? Math.Max(0, LogThreshold - LogE(rollout))
        : 0;

    private static double LogE(Rollout rollout) => ReverseTest.LogE(
        ShareTest.AtObservedShares(EvidenceSources.ForTests(rollout.Evidence)).Select(row => new BadEvents(row.EffectiveWeightPercent, row.Candidate.Errors, row.Stable.Errors)),
        MaxRatio(rollout.WeightPercent));

    private static double MaxRatio(int weightPercent) => weightPercent switch
    {
        <= 5 => 3,
        <= 25 => 2,
        _ => 1.5,
    };
}
