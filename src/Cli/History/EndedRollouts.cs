using LlmOps.Api;

namespace LlmOps.Cli.History;

/// <summary>The rollouts that ended, as records and the status tell of them. Pure.</summary>
internal static class EndedRollouts
{
    /// <summary>
    /// Newest first. What the status knows and no record tells (not written yet, or deleted by somebody) is there too: as a record without a name, with what the status keeps.
    /// </summary>
    public static IReadOnlyList<RolloutRecord> Of(LlmDeployment deployment, IEnumerable<RolloutRecord> records) =>
    [
        .. records.Where(r => r.Spec.Deployment == deployment.Metadata.Name).Concat((deployment.Status?.History ?? []).Select(entry => Unrecorded(deployment, entry)))
            .DistinctBy(r => r.Spec.Rollout).OrderByDescending(r => r.Spec.FinishedAt),
    ];

    /// <summary>Whether there is a record, and not only what the status keeps.</summary>
    public static bool IsRecorded(RolloutRecord record) => record.Metadata.Name is not null;

    private static RolloutRecord Unrecorded(LlmDeployment deployment, HistoryEntry entry) => new()
    {
        Metadata = new() { Namespace = deployment.Metadata.Namespace },
        Spec = new()
        {
            Deployment = deployment.Metadata.Name!,
            Rollout = entry.Id,
            Outcome = entry.Outcome,
            Reason = entry.Reason,
            Message = entry.Message,
            Actor = entry.Actor,
            Candidate = new() { Release = entry.Release },
            StartedAt = entry.StartedAt,
            FinishedAt = entry.FinishedAt,
            TimeToDetect = entry.TimeToDetect,
            TimeToRevert = entry.TimeToRevert,
            MaxWeight = entry.MaxWeight,
            CandidateRequests = entry.CandidateRequests,
        },
    };
}
