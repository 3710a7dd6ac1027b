using System.Text.Json.Nodes;
using LlmOps.Rollouts;
using LlmOps.Rollouts.Statistics;

namespace LlmOps.Demo.Stories;

/// <summary>Reads the gateway's counts as the operator does, so that the moment of sufficient evidence is known without asking the operator.</summary>
public static class LiveEvidence
{
    /// <summary>Tolerances that a rollout has where its spec says nothing.</summary>
    private static readonly AnalysisPlan Analysis = new();

    /// <summary>Whether the counts of a rollout suffice for a revert.</summary>
    /// <param name="counts">Answer of <c>/internal/evidence</c>.</param>
    /// <param name="rollout">Id of the rollout.</param>
    public static bool IsSufficient(JsonObject counts, string rollout) =>
        LiveTests.Run(Analysis, Rows(counts, rollout)).Any(test => test.Verdict == Verdict.Fail);

    private static EquatableArray<EvidenceRow> Rows(JsonObject counts, string rollout)
    {
        var process = (string?)counts["process"] ?? string.Empty;
        return
        [
            .. from r in counts["rollouts"]?.AsArray() ?? []
               where (string?)r!["rollout"] == rollout
               from epoch in r["epochs"]!.AsArray()
               select new EvidenceRow(process, (int)epoch!["epoch"]!, (int)epoch["weight"]!, Counts(epoch["stable"]!), Counts(epoch["candidate"]!)),
        ];
    }

    private static TrackCounts Counts(JsonNode track) =>
        new((long)track["requests"]!, (long)track["errors"]!, [.. (track["slowTtft"]?.AsArray() ?? []).Select(n => (long)n!)]);
}
