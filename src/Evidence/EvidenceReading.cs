using LlmOps.Api;
using LlmOps.Rollouts;

namespace LlmOps.Evidence;

/// <summary>What was counted of a rollout, as its status keeps it. Written by an earlier version it lacks what came later, which counts as none. Pure.</summary>
public static class EvidenceReading
{
    public static EquatableArray<EvidenceRow> Rows(RolloutStatus rollout) => (rollout.Evidence ?? []).Select(Row).ToEquatableArray();

    public static EquatableArray<EvidenceOnset> Onsets(RolloutStatus rollout) =>
        (rollout.EvidenceOnsets ?? []).Select(onset => new EvidenceOnset(onset.Epoch, onset.Number, Counts(onset.Stable), Counts(onset.Candidate))).ToEquatableArray();

    private static EvidenceRow Row(EvidenceStatus row) =>
        new(row.Process, row.Epoch, row.Weight, Counts(row.Stable), Counts(row.Candidate)) { Mirrored = row.Mirrored ?? false, IsOfEngine = row.OfEngine ?? false };

    private static TrackCounts Counts(TrackEvidence counts) => new(counts.Requests, counts.Errors, (counts.SlowTtft ?? []).ToEquatableArray())
    {
        Units = counts.Units ?? 0,
        SlowTimePerOutputToken = (counts.SlowTimePerOutputToken ?? []).ToEquatableArray(),
        LongOutput = (counts.LongOutput ?? []).ToEquatableArray(),
        Costly = (counts.Costly ?? []).ToEquatableArray(),
        Blocked = counts.Blocked ?? 0,
        NegativeFeedback = counts.NegativeFeedback ?? 0,
        OverLimit = (counts.OverLimit ?? []).Select(limit => new OverLimit(limit.Key, limit.Over, limit.Of)).ToEquatableArray(),
        RenderFailures = counts.RenderFailures ?? 0,
        Unauthorized = counts.Unauthorized ?? 0,
    };
}
