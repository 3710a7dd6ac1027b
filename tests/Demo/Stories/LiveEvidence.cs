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
    /// <param name="counts">Answers of <c>/internal/evidence</c>, one a replica.</param>
    /// <param name="rollout">Id of the rollout.</param>
    /// <param name="analysis">What the spec says of the tests; null where it says nothing.</param>
    public static bool IsSufficient(IEnumerable<JsonObject?> counts, string rollout, AnalysisPlan? analysis = null) =>
        LiveTests.Run(analysis ?? Analysis, [.. counts.SelectMany(c => Rows(c!, rollout))]).Any(test => test.Verdict == Verdict.Fail);

    private static IEnumerable<EvidenceRow> Rows(JsonObject counts, string rollout) =>
        from r in counts["rollouts"]?.AsArray() ?? []
        where (string?)r!["rollout"] == rollout
        from epoch in r["epochs"]!.AsArray()
        select new EvidenceRow((string)counts["process"]!, (int)epoch!["epoch"]!, (int)epoch["weight"]!, Counts(epoch["stable"]!), Counts(epoch["candidate"]!)) { Mirrored = (bool?)epoch["mirrored"] ?? false };

    private static TrackCounts Counts(JsonNode track) =>
        new(Count(track, "requests"), Count(track, "errors"), Counts(track, "slowTtft"))
        {
            Units = Count(track, "units"),
            SlowTimePerOutputToken = Counts(track, "slowTimePerOutputToken"),
            LongOutput = Counts(track, "longOutput"),
            Costly = Counts(track, "costly"),
            Blocked = Count(track, "blocked"),
            NegativeFeedback = Count(track, "negativeFeedback"),
        };

    private static long Count(JsonNode track, string name) => (long?)track[name] ?? 0;

    private static EquatableArray<long> Counts(JsonNode track, string name) => [.. (track[name]?.AsArray() ?? []).Select(n => (long)n!)];
}
