using System.Text.Json;
using System.Text.Json.Serialization;

namespace LlmOps.Gateway.Evidence;

/// <summary>The answer of <c>GET /internal/evidence</c>; see "Gateway: contract" in docs/architecture.md.</summary>
internal sealed record EvidenceDocument(string Process, DateTimeOffset StartedAt, IReadOnlyList<RolloutDocument> Rollouts)
{
    public static EvidenceDocument Of(EvidenceLedger ledger) => new(
        ledger.Process,
        ledger.StartedAt,
        [.. ledger.Rollouts
            .OrderBy(r => r.Deployment.Namespace, StringComparer.Ordinal).ThenBy(r => r.Deployment.Name, StringComparer.Ordinal)
            .Select(r => new RolloutDocument(r.Deployment.Namespace, r.Deployment.Name, r.Rollout, [.. r.Epochs.Select(EpochDocument.Of)]))]);
}

internal sealed record RolloutDocument(string Namespace, string Name, string Rollout, IReadOnlyList<EpochDocument> Epochs);

internal sealed record EpochDocument(int Epoch, int Weight, IReadOnlyList<double> TtftThresholdsSeconds, TrackDocument Stable, TrackDocument Candidate)
{
    public static EpochDocument Of(EpochEvidence epoch)
    {
        // Read before the counts: thresholds that appear meanwhile would come with counts that are not there yet.
        var thresholds = epoch.ThresholdsSeconds;
        return new(epoch.Epoch, epoch.WeightPercent, thresholds, TrackDocument.Of(epoch.Stable, thresholds.Count), TrackDocument.Of(epoch.Candidate, thresholds.Count));
    }
}

internal sealed record TrackDocument(long Requests, long Errors, IReadOnlyList<long> SlowTtft, DateTimeOffset? FirstErrorAt)
{
    public static TrackDocument Of(TrackCounts counts, int thresholds)
    {
        // Events before requests, so that there are never more events than requests.
        var errors = counts.Errors;
        IReadOnlyList<long> slow = [.. Enumerable.Range(0, thresholds).Select(counts.Slow)];
        return new(counts.Requests, errors, slow, counts.FirstErrorAt);
    }
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(EvidenceDocument))]
internal sealed partial class EvidenceJson : JsonSerializerContext;
