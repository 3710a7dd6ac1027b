using LlmOps.Api;

namespace LlmOps.Cli.Explain;

/// <summary>What was counted at the present weight, as the status has it: written at most every 10 seconds. Pure.</summary>
internal static class Counting
{
    /// <summary>Requests of the candidate at the present weight; copies where it mirrors.</summary>
    public static long CandidateRequests(RolloutStatus rollout) => Rows(rollout).Sum(r => r.Candidate.Requests);

    /// <summary>Both tracks; empty where nothing was counted.</summary>
    public static IReadOnlyList<ExplainedTrack> Tracks(LlmDeployment deployment)
    {
        var (status, rows) = (deployment.Status!, Rows(deployment.Status!.Rollout!));
        if (rows.Count == 0 || status.Candidate is not { } candidate)
            return [];
        return status.Stable is { } stable
            ? [Track(Api.Tracks.Stable, stable, rows.Select(r => r.Stable)), Track(Api.Tracks.Candidate, candidate, rows.Select(r => r.Candidate))]
            : [Track(Api.Tracks.Candidate, candidate, rows.Select(r => r.Candidate))];
    }

    private static ExplainedTrack Track(string track, ReleaseStatus release, IEnumerable<TrackEvidence> counts)
    {
        var all = counts.ToList();
        // Slower to the first token than stable's p95: the fourth of the five thresholds.
        return new(track, release.Release, release.Weight, all.Sum(c => c.Requests), all.Sum(c => c.Errors), all.Sum(c => c.SlowTtft is { Count: > 3 } slow ? slow[3] : 0));
    }

    /// <summary>Behind an HTTPRoute or a VirtualService, engines count the same requests that a gateway may have counted: never both.</summary>
    private static List<EvidenceStatus> Rows(RolloutStatus rollout)
    {
        var rows = (rollout.Evidence ?? []).Where(e => e.Epoch == rollout.WeightEpoch).ToList();
        return rows.Exists(e => e.OfEngine == true) ? [.. rows.Where(e => e.OfEngine == true)] : rows;
    }
}
