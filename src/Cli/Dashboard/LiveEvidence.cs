using LlmOps.Api;
using LlmOps.Rollouts;
using LlmOps.Rollouts.Statistics;

namespace LlmOps.Cli.Dashboard;

/// <summary>The live tests as the operator works them out, from the counts that its status keeps: the same code on the same numbers. Pure.</summary>
internal static class LiveEvidence
{
    /// <summary>Index of stable's p95 in the counts of slow first tokens and slow answers.</summary>
    private const int SlowLevel = 3;

    /// <summary>Index of stable's p90 in the counts of long answers.</summary>
    private const int LongLevel = 1;

    /// <summary>The present point of the plots; null where nothing was counted.</summary>
    public static SeriesPoint? Point(LlmDeployment deployment, DateTimeOffset now)
    {
        var rows = deployment.Status?.Rollout is { } rollout ? Rows(rollout) : [];
        return rows.Count == 0 ? null : Point(deployment, deployment.Status!.Rollout!.EvidenceSavedAt ?? now, deployment.Status.Candidate?.Weight ?? 0, rows);
    }

    /// <summary>What the counts of earlier weights tell: a point for each, at the end of its step.</summary>
    public static IEnumerable<SeriesPoint> Earlier(LlmDeployment deployment)
    {
        if (deployment.Status?.Rollout is not { } rollout)
            yield break;
        var rows = Rows(rollout);
        foreach (var epoch in rows.Where(r => r.Weight > 0).Select(r => (r.Epoch, r.Weight)).Distinct().OrderBy(e => e.Epoch).SkipLast(1))
        {
            if (rollout.StepTimes?.LastOrDefault(t => t.Weight == epoch.Weight && t.EndedAt is not null)?.EndedAt is { } end)
                yield return Point(deployment, end, epoch.Weight, [.. rows.Where(r => r.Epoch <= epoch.Epoch)]);
        }
    }

    private static SeriesPoint Point(LlmDeployment deployment, DateTimeOffset time, int weight, List<EvidenceStatus> rows)
    {
        var (plan, last) = (Plan(deployment.Spec.Rollout?.Analysis ?? new()), rows.Max(r => r.Epoch));
        var onsets = (deployment.Status!.Rollout!.EvidenceOnsets ?? []).Where(o => o.Epoch <= last);
        var tests = LiveTests.Run(plan, rows.Select(Row).ToEquatableArray(), onsets.Select(Onset).ToEquatableArray());
        var threshold = ConditionalMixtureTest.LogThreshold(plan.FalseRevertProbability);
        return new(
            time,
            weight,
            Track(rows.Select(r => r.Stable)),
            Track(rows.Select(r => r.Candidate)),
            // Each test's own threshold is the common one over its share, so this is the average that LiveTests holds against the common one.
            threshold + Math.Log(tests.Sum(t => Math.Exp(t.LogE - t.LogThreshold))),
            threshold,
            [.. tests.Where(t => t.Verdict != Verdict.NoData).Select(t => new SeriesTest(t.Name, t.LogE, t.LogThreshold, t.Message))]);
    }

    /// <summary>Behind an HTTPRoute, engines count the same requests that a gateway may have counted: of an epoch never both.</summary>
    private static List<EvidenceStatus> Rows(RolloutStatus rollout)
    {
        var all = rollout.Evidence ?? [];
        var ofEngines = all.Where(r => r.OfEngine == true).Select(r => r.Epoch).ToHashSet();
        return [.. all.Where(r => r.OfEngine == true || !ofEngines.Contains(r.Epoch))];
    }

    private static AnalysisPlan Plan(AnalysisSpec spec) => new((spec.FalseRevertProbability ?? Defaults.FalseRevertProbability).Fraction)
    {
        Tolerance = new(
            spec.Tolerance?.Errors ?? Defaults.ToleratedErrors,
            spec.Tolerance?.Ttft ?? Defaults.ToleratedTtft,
            spec.Tolerance?.TimePerOutputToken ?? Defaults.ToleratedTimePerOutputToken,
            spec.Tolerance?.OutputTokens ?? Defaults.ToleratedOutputTokens,
            spec.Tolerance?.Cost ?? Defaults.ToleratedCost,
            spec.Tolerance?.Blocked ?? Defaults.ToleratedBlocked,
            spec.Tolerance?.Feedback ?? Defaults.ToleratedFeedback),
    };

    private static EvidenceRow Row(EvidenceStatus row) =>
        new(row.Process, row.Epoch, row.Weight, Counts(row.Stable), Counts(row.Candidate)) { Mirrored = row.Mirrored ?? false, IsOfEngine = row.OfEngine ?? false };

    private static EvidenceOnset Onset(EvidenceOnsetStatus onset) => new(onset.Epoch, onset.Number, Counts(onset.Stable), Counts(onset.Candidate));

    private static TrackCounts Counts(TrackEvidence counts) => new(counts.Requests, counts.Errors, (counts.SlowTtft ?? []).ToEquatableArray())
    {
        Units = counts.Units ?? 0,
        SlowTimePerOutputToken = (counts.SlowTimePerOutputToken ?? []).ToEquatableArray(),
        LongOutput = (counts.LongOutput ?? []).ToEquatableArray(),
        Costly = (counts.Costly ?? []).ToEquatableArray(),
        Blocked = counts.Blocked ?? 0,
        NegativeFeedback = counts.NegativeFeedback ?? 0,
    };

    private static SeriesTrack Track(IEnumerable<TrackEvidence> counts)
    {
        var all = counts.ToList();
        // Only the requests of rows that have thresholds: before they are known nothing is held against them.
        var timed = all.Where(c => c.SlowTtft is { Count: > SlowLevel }).ToList();
        var paced = all.Where(c => c.SlowTimePerOutputToken is { Count: > SlowLevel }).ToList();
        var sized = all.Where(c => c.LongOutput is { Count: > LongLevel }).ToList();
        return new(
            all.Sum(c => c.Requests),
            all.Sum(c => c.Errors),
            timed.Sum(c => c.Requests),
            timed.Sum(c => c.SlowTtft![SlowLevel]),
            paced.Sum(c => c.Requests),
            paced.Sum(c => c.SlowTimePerOutputToken![SlowLevel]),
            sized.Sum(c => c.Requests),
            sized.Sum(c => c.LongOutput![LongLevel]));
    }
}
