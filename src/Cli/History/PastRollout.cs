using LlmOps.Api;

namespace LlmOps.Cli.History;

/// <summary>A rollout that ended, as a record or the status tells of it.</summary>
internal sealed record PastRollout(
    string Id, string Release, string Outcome, string Reason, DateTimeOffset FinishedAt, int MaxWeight, long Requests, Duration? TimeToDetect, Duration? TimeToRevert, string? Actor)
{
    /// <summary>Newest first. What the status knows and no record tells (not written yet, or deleted by somebody) is there too.</summary>
    public static IReadOnlyList<PastRollout> All(LlmDeployment deployment, IEnumerable<RolloutRecord> records) =>
    [
        .. records.Select(Of).Concat((deployment.Status?.History ?? []).Select(Of)).DistinctBy(r => r.Id).OrderByDescending(r => r.FinishedAt),
    ];

    private static PastRollout Of(RolloutRecord record) => new(
        record.Spec.Rollout, record.Spec.Candidate.Release, record.Spec.Outcome, record.Spec.Reason, record.Spec.FinishedAt, record.Spec.MaxWeight, record.Spec.CandidateRequests,
        record.Spec.TimeToDetect, record.Spec.TimeToRevert, record.Spec.Actor);

    private static PastRollout Of(HistoryEntry entry) => new(
        entry.Id, entry.Release, entry.Outcome, entry.Reason, entry.FinishedAt, entry.MaxWeight, entry.CandidateRequests, entry.TimeToDetect, entry.TimeToRevert, entry.Actor);
}
