using System.Globalization;
using LlmOps.Api;
using LlmOps.Cli.Output;
using Spectre.Console;

namespace LlmOps.Cli.History;

/// <summary>Rollouts that ended, one line each. Pure.</summary>
internal static class HistoryTable
{
    public static Table Of(IEnumerable<RolloutRecordSpec> past, DateTimeOffset now)
    {
        var table = Words.Table("ROLLOUT", "RELEASE", "OUTCOME", "REASON", "MAX", "REQUESTS", "DETECT", "ENDED");
        foreach (var rollout in past)
        {
            table.Row(
                rollout.Rollout, rollout.Candidate.Release, rollout.Outcome, rollout.Reason != rollout.Outcome ? rollout.Reason : null,
                $"{rollout.MaxWeight}%", rollout.CandidateRequests.ToString(CultureInfo.InvariantCulture), rollout.TimeToDetect?.ToString(), $"{Times.Age(rollout.FinishedAt, now)} ago");
        }

        return table;
    }
}
