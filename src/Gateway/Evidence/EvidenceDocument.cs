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
            .Select(r => new RolloutDocument(r.Deployment.Namespace, r.Deployment.Name, r.Rollout, [.. r.Epochs.Select(EpochDocument.Of)], RecentDocument.Of(r)))]);
}

/// <param name="Recent">Absent before any answer.</param>
internal sealed record RolloutDocument(string Namespace, string Name, string Rollout, IReadOnlyList<EpochDocument> Epochs, RecentDocument? Recent);

/// <summary>What the answers of the last minutes were like.</summary>
internal sealed record RecentDocument(RecentTrackDocument? Stable, RecentTrackDocument? Candidate)
{
    public static RecentDocument? Of(RolloutEvidence rollout) =>
        (RecentTrackDocument.Of(rollout.StableAnswers), RecentTrackDocument.Of(rollout.CandidateAnswers)) is var (stable, candidate) && (stable ?? candidate) is not null ? new(stable, candidate) : null;
}

internal sealed record RecentTrackDocument(QuantilesDocument? TtftSeconds, QuantilesDocument? TimePerOutputTokenSeconds, QuantilesDocument? OutputTokens)
{
    private const double Thousand = 1000;

    public static RecentTrackDocument? Of(RecentAnswers? answers) =>
        answers is not null && (QuantilesDocument.Of(answers.FirstToken), QuantilesDocument.Of(answers.TimePerOutputToken), QuantilesDocument.Of(answers.OutputTokens, Thousand)) is var (ttft, pace, tokens)
        && (ttft ?? pace ?? tokens) is not null ? new(ttft, pace, tokens) : null;
}

internal sealed record QuantilesDocument(long Answers, double P50, double P95)
{
    /// <summary>Null where there are no values.</summary>
    /// <param name="values">The values.</param>
    /// <param name="unit">By what they are multiplied.</param>
    public static QuantilesDocument? Of(RecentValues values, double unit = 1)
    {
        var count = values.Count;
        if (count == 0)
            return null;
        var quantiles = values.Quantiles(0.5, 0.95);
        return new(count, Math.Round(quantiles[0] * unit, 6), Math.Round(quantiles[1] * unit, 6));
    }
}

/// <param name="Mirrored">Absent where it is not.</param>
internal sealed record EpochDocument(int Epoch, int Weight, bool? Mirrored, IReadOnlyList<double> TtftThresholdsSeconds, TrackDocument Stable, TrackDocument Candidate)
{
    public static EpochDocument Of(EpochEvidence epoch)
    {
        // Read before the counts: thresholds that appear meanwhile would come with counts that are not there yet.
        var (thresholds, limits) = (epoch.Thresholds, epoch.Limits);
        return new(
            epoch.Epoch, epoch.WeightPercent, epoch.IsMirrored ? true : null, thresholds.Ttft ?? [],
            TrackDocument.Of(epoch.Stable, thresholds, limits.All.Select(l => (l.Limit.Key, l.Stable))),
            TrackDocument.Of(epoch.Candidate, thresholds, limits.All.Select(l => (l.Limit.Key, l.Candidate))));
    }
}

internal sealed record TrackDocument
{
    public long Requests { get; init; }

    public long Units { get; init; }

    public long Errors { get; init; }

    public required IReadOnlyList<long> SlowTtft { get; init; }

    public required IReadOnlyList<long> SlowTimePerOutputToken { get; init; }

    public required IReadOnlyList<long> LongOutput { get; init; }

    public required IReadOnlyList<long> Costly { get; init; }

    public long Blocked { get; init; }

    public long NegativeFeedback { get; init; }

    public required IReadOnlyList<OverLimitDocument> OverLimit { get; init; }

    public long RenderFailures { get; init; }

    public long Unauthorized { get; init; }

    public DateTimeOffset? FirstErrorAt { get; init; }

    public static TrackDocument Of(TrackCounts counts, Thresholds thresholds, IEnumerable<(string Key, OverLimit Counts)> limits) => new()
    {
        // Events before requests (members are set in this order), so that there are never more events than requests.
        Errors = counts.Errors,
        SlowTtft = Above(counts, Signal.SlowTtft, thresholds.Ttft),
        SlowTimePerOutputToken = Above(counts, Signal.SlowTimePerOutputToken, thresholds.TimePerOutputToken),
        LongOutput = Above(counts, Signal.LongOutput, thresholds.OutputTokens),
        Costly = Above(counts, Signal.Costly, thresholds.Cost),
        Blocked = counts.Blocked,
        NegativeFeedback = counts.NegativeFeedback,
        OverLimit = [.. limits.Select(l => new OverLimitDocument(l.Key, l.Counts.Over, l.Counts.Of))],
        RenderFailures = counts.RenderFailures,
        Unauthorized = counts.Unauthorized,
        FirstErrorAt = counts.FirstErrorAt,
        Units = counts.Units,
        Requests = counts.Requests,
    };

    private static IReadOnlyList<long> Above(TrackCounts counts, Signal signal, double[]? thresholds) =>
        [.. Enumerable.Range(0, thresholds?.Length ?? 0).Select(i => counts.Above(signal, i))];
}

internal sealed record OverLimitDocument(string Key, long Over, long Of);

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(EvidenceDocument))]
internal sealed partial class EvidenceJson : JsonSerializerContext;
