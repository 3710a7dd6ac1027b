using LlmOps.Api;
using LlmOps.Evidence;
using LlmOps.Rollouts;
using LlmOps.Rollouts.Engine;
using LlmOps.Rollouts.Statistics;

namespace LlmOps.Cli.Dashboard;

/// <summary>The live tests as the operator works them out, from the counts that its status keeps: the same code on the same numbers. Pure.</summary>
internal static class LiveEvidence
{
    /// <summary>The present point of the plots; null where nothing was counted.</summary>
    public static SeriesPoint? Point(LlmDeployment deployment, DateTimeOffset now) =>
        deployment.Status?.Rollout is { Evidence.Count: > 0 } rollout
            ? Point(deployment, rollout, rollout.EvidenceSavedAt ?? now, deployment.Status.Candidate?.Weight ?? 0, int.MaxValue, rollout.RecentAnswers)
            : null;

    /// <summary>What the counts of earlier weights tell: a point for each, at the end of its step.</summary>
    public static IEnumerable<SeriesPoint> Earlier(LlmDeployment deployment)
    {
        if (deployment.Status?.Rollout is not { } rollout)
            yield break;
        foreach (var epoch in (rollout.Evidence ?? []).Where(r => r.Weight > 0).Select(r => (r.Epoch, r.Weight)).Distinct().OrderBy(e => e.Epoch).SkipLast(1))
        {
            if (rollout.StepTimes?.LastOrDefault(t => t.Weight == epoch.Weight && t.EndedAt is not null)?.EndedAt is { } end)
                yield return Point(deployment, rollout, end, epoch.Weight, epoch.Epoch, null);
        }
    }

    /// <param name="last">The last weight epoch that counts.</param>
    /// <param name="recent">What answers were like then; null where it is not known any more.</param>
    private static SeriesPoint Point(LlmDeployment deployment, RolloutStatus rollout, DateTimeOffset time, int weight, int last, RecentAnswersStatus? recent)
    {
        var plan = AnalysisReading.Of(deployment.Spec.Rollout?.Analysis ?? new());
        var rows = EvidenceSources.ForTests(EvidenceReading.Rows(rollout).Where(r => r.Epoch <= last).ToEquatableArray());
        var tests = LiveTests.Run(plan, rows, EvidenceReading.Onsets(rollout).Where(o => o.Epoch <= last).ToEquatableArray());
        var threshold = ConditionalMixtureTest.LogThreshold(plan.FalseRevertProbability);
        return new(
            time,
            weight,
            Track(rows.Select(r => r.Stable), recent?.Stable),
            Track(rows.Select(r => r.Candidate), recent?.Candidate),
            // Each test's own threshold is the common one over its share, so this is the average that LiveTests holds against the common one.
            threshold + Math.Log(tests.Sum(t => Math.Exp(t.LogE - t.LogThreshold))),
            threshold,
            [.. tests.Where(t => t.Verdict != Verdict.NoData).Select(t => new SeriesTest(t.Name, t.LogE, t.LogThreshold, t.Message))]);
    }

    private static SeriesTrack Track(IEnumerable<TrackCounts> counts, TrackAnswersStatus? recent)
    {
        var all = counts.ToList();
        return new(all.Sum(c => c.Requests), all.Sum(c => c.Errors), recent);
    }
}
