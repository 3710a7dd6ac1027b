using System.Text.Json.Nodes;
using LlmOps.Demo.Stories;
using LlmOps.Rollouts;

namespace LlmOps.Bench.Revert;

/// <summary>What the gateways have counted of one rollout, and when it sufficed.</summary>
internal sealed class RolloutEvidence(string rollout, AnalysisPlan analysis)
{
    public string Rollout => rollout;

    /// <summary>When the counts first sufficed for a revert; null: not yet.</summary>
    public DateTimeOffset? SufficientAt { get; private set; }

    /// <summary>Requests that were given to the candidate, in all gateways.</summary>
    public long CandidateRequests { get; private set; }

    /// <summary>When the last one was seen.</summary>
    public DateTimeOffset LastAssignedAt { get; private set; }

    /// <param name="at">When the counts were asked for.</param>
    /// <param name="counts">Answers of <c>/internal/evidence</c>, one a gateway.</param>
    public void Read(DateTimeOffset at, JsonObject?[] counts)
    {
        var requests = counts
            .SelectMany(one => one!["rollouts"]!.AsArray())
            .Where(one => (string?)one!["rollout"] == rollout)
            .SelectMany(one => one!["epochs"]!.AsArray())
            .Sum(epoch => (long)epoch!["candidate"]!["requests"]!);
        if (requests > CandidateRequests)
            (CandidateRequests, LastAssignedAt) = (requests, at);
        if (SufficientAt is null && LiveEvidence.IsSufficient(counts, rollout, analysis))
            SufficientAt = at;
    }
}
